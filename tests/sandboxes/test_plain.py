"""Plain data: everything that may cross comes back exact, nothing else crosses, and what is broken is refused."""

import json
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.sandboxes.inside.exam.wire.plain import MAX_DEPTH, MAX_NODES, MAX_TEXT, decode, encode

Point = namedtuple("Point", "x y")


class Level(IntEnum):
    LOW = 1


class AlwaysEqual(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __int__(self) -> int:
        return 42

    def __index__(self) -> int:
        return 42

    def __repr__(self) -> str:
        return "42"


class Lying(list[int]):
    def __iter__(self) -> Any:
        return iter([1, 2, 3])

    def __len__(self) -> int:
        return 3

    def __getitem__(self, key: Any) -> Any:
        return 1


class LyingText(str):
    def __str__(self) -> str:
        return "other"


class LyingDict(dict[str, int]):
    def items(self) -> Any:
        return {"other": 1}.items()


def carried(value: object) -> Any:
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        2**53,
        2**53 + 1,
        -(2**200),
        10 ** (10**5),
        0.1,
        -0.0,
        5e-324,
        1.7976931348623157e308,
        float("inf"),
        float("-inf"),
        "",
        "zażółć\0\ud800",
        b"",
        b"\x00\xff",
        bytearray(b"ab"),
        1 + 2j,
        complex(float("inf"), -0.0),
        [],
        [1, [2, [3]]],
        [1, 2.5, "x", None, True],
        (),
        (1,),
        ((1, 2), [3]),
        {},
        {"a": 1},
        {"$tuple": 1},
        {1: 2, (1, 2): [3], None: {}, 2.5: "x"},
        set(),
        {1, "a", (2, 3)},
        frozenset({frozenset({1})}),
        deque([1, 2]),
        range(1, 10, 3),
        slice(1, None, 2),
        Decimal("1.50"),
        Fraction(-1, 3),
        date(2024, 2, 29),
        datetime(2024, 2, 29, 12, 30, 1, 5),
        timedelta(days=-1, microseconds=3),
        int,
        ValueError,
        len,
        Ellipsis,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    back = carried(value)
    assert type(back) is type(value)
    assert back == value
    if isinstance(value, (float, complex)):  # also the sign of zero
        assert repr(back) == repr(value)


def test_nan_comes_back() -> None:
    assert repr(carried([float("nan"), 1.0])) == "[nan, 1.0]"


def test_an_order_of_keys_comes_back() -> None:
    value = OrderedDict([("b", 1), ("a", 2)])
    value.move_to_end("b")
    assert list(carried(value)) == ["a", "b"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_any_plain_value_comes_back(value: object) -> None:
    back = carried(value)
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    ("value", "flat"),
    [
        (AlwaysEqual(7), 7),
        (Lying([7, 8]), [7, 8]),
        (LyingText("mine"), "mine"),
        (LyingDict(mine=7), {"mine": 7}),
        (Point(1, 2), (1, 2)),
        (Level.LOW, 1),
        (Counter("aab"), {"a": 2, "b": 1}),
        (defaultdict(list, {1: [2]}), {1: [2]}),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_subclass_is_flattened_by_the_methods_of_its_base(value: object, flat: object) -> None:
    back = carried(value)
    assert type(back) is type(flat)
    assert back == flat


def test_an_array_comes_back_with_its_type() -> None:
    back = carried(np.array([[1.5, 2], [3, 4]], dtype=np.float32))
    assert back.dtype == np.float32
    assert back.tolist() == [[1.5, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "view",
    [{1: 2}.keys(), {1: 2}.items()],
    ids=["keys", "items"],
)
def test_a_view_of_a_dict_comes_back_as_one(view: Any) -> None:
    assert carried(view) == view
    assert type(carried(view)) is type(view)


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (cyclic(), "deeper than"),
        (nested(MAX_DEPTH + 1), "deeper than"),
        ([0] * (MAX_NODES + 1), "parts"),
        ([[]] * (MAX_NODES + 1), "parts"),
        ("x" * (MAX_TEXT + 1), "characters"),
        (b"x" * MAX_TEXT, "characters"),
        (object(), "type object"),
        (print, "builtin_function"),
        (lambda: None, "function"),
        (json, "module"),
        ([1, {2: object()}], "type object"),
    ],
    ids=["cyclic", "deep", "long", "wide", "text", "bytes", "object", "print", "lambda", "module", "inner"],
)
def test_what_cannot_be_carried_is_refused(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        encode(value)


def test_the_greatest_depth_comes_back() -> None:
    assert carried(nested(MAX_DEPTH)) == nested(MAX_DEPTH)


@pytest.mark.parametrize(
    "data",
    [
        {"$unknown": 1},
        {"$": 1},
        {"$tuple": 1},
        {"$tuple": {"$tuple": []}},
        {"$tuple": [1], "more": 1},
        {"$tuple": [], "$set": []},
        {"$dict": [[1]]},
        {"$dict": [1]},
        {"$dict": ["ab"]},
        {"$dict": [[[], 1]]},
        {"$set": [[1]]},
        {"$int": 5},
        {"$int": "five"},
        {"$float": "1.5"},
        {"$float": ["nan"]},
        {"$bytes": "0"},
        {"$bytes": 5},
        {"$complex": [1]},
        {"$complex": ["1", [2]]},
        {"$range": [1, 2, 0]},
        {"$range": [1.5]},
        {"$range": []},
        {"$slice": [1, 2, 3, 4]},
        {"$builtin": "eval"},
        {"$builtin": "__import__"},
        {"$builtin": ["len"]},
        {"$decimal": "x"},
        {"$fraction": [1, 0]},
        {"$fraction": ["1", "2"]},
        {"$date": "yesterday"},
        {"$timedelta": [1e308, 1, 1]},
        {"$array": ["object", [1]]},
        {"$array": ["int8", [1000]]},
        {"$array": ["float64", [[1], [2, 3]]]},
        {"$array": ["float64", "x"]},
        {"$handle": 1},
        {"$callback": 1},
        nested(MAX_DEPTH + 2),
        [[]] * (MAX_NODES + 1),
        {1, 2},
    ],
    ids=lambda data: repr(data)[:40],
)
def test_broken_data_is_a_value_error(data: object) -> None:
    with pytest.raises(ValueError):
        decode(data)


def test_handles_go_through_lend_and_take() -> None:
    thing = object()
    data = encode([thing], lambda value: {"$handle": 7} if value is thing else None)
    assert data == [{"$handle": 7}]
    assert decode(data, lambda handle: (thing, handle["$handle"])) == [(thing, 7)]
