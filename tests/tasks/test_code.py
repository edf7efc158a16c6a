"""What the tasks of programs share: entry points out of asserts, tagged values, missing imports."""

from collections import deque

import pytest

from rft.errors import InputError
from rft.tasks.apps import Apps
from rft.tasks.sources.code import CONTEST_IMPORTS, entry_point_of, first_python, missing_imports, stdin_cases, tagged
from rft.tasks.sources.code import parsed as parse


@pytest.mark.parametrize(
    ("tests", "name"),
    [
        (["assert add(1, 2) == 3"], "add"),
        (["assert add (1, 2) == 3", "assert add(0, 0) == 0"], "add"),
        (["assert set(similar((3,), (5,))) == set((4,))"], "similar"),
        (["assert int(lobb_num(5, 3)) == 35"], "lobb_num"),
        (["import math", "assert math.isclose(area(2), 3.14)"], "area"),
        (["def near(a, b):\n    return abs(a - b) < 1", "assert near(area(2), 3)"], "area"),
        (["assert f(lambda x: x + 1)(2) == 3"], "f"),
        (["assert chain([Pair(5, 24)], 4) == 3"], None),
        (["assert len([]) == 0"], None),
        (["assert ("], None),
    ],
)
def test_the_entry_point_is_the_one_name_that_nobody_defines(tests: list[str], name: str | None) -> None:
    assert entry_point_of(tests) == name


def test_modules_that_only_the_answer_imported_are_found() -> None:
    tests = ["import math", "assert f(math.pi) == sys.getsizeof(own.x) + re.I"]
    assert missing_imports(tests) == ["import re", "import sys"]
    assert missing_imports(["assert ("]) == []


@pytest.mark.parametrize(
    ("value", "json"),
    [
        ([None, True, 1, 1.5, "a"], [None, True, 1, 1.5, "a"]),
        ((1, [2]), {"$tuple": [1, [2]]}),
        ({"a": 1}, {"$dict": [["a", 1]]}),
        ({2, 1}, {"$set": [1, 2]}),
        (frozenset("a"), {"$frozenset": ["a"]}),
        (2**53, 2**53),
        (2**53 + 1, {"$int": "0x20000000000001"}),
        (-(2**64), {"$int": "-0x10000000000000000"}),
        (float("-inf"), {"$float": "-inf"}),
        (float("nan"), {"$float": "nan"}),
        (1j, {"$complex": [0.0, 1.0]}),
        (b"x", {"$bytes": "78"}),
    ],
)
def test_values_are_tagged(value: object, json: object) -> None:
    assert tagged(value, "here") == json


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(InputError, match="here: holds deque"):
        tagged([deque()], "here")


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [(["1"], [], "here: 1 inputs stand against 0 outputs"), ([1], ["1"], "here: inputs and outputs must be text")],
)
def test_cases_need_both_sides_as_text(inputs: list[object], outputs: list[object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        stdin_cases(inputs, outputs, "here")


def test_the_first_solution_in_python_3_is_taken() -> None:
    assert first_python([None, "", "print 1", "x = '\\d'", "y"]) == "x = '\\d'"
    assert first_python(["print 1", "(" * 100_000]) is None


def test_contest_imports_leave_the_builtins_as_they_are() -> None:
    names: dict[str, object] = {}
    exec(CONTEST_IMPORTS, names)
    assert names["pow"] is pow
    assert {"List", "deque", "gcd", "heappush", "sys", "Counter"} <= set(names)


def test_parsing_warns_of_nothing() -> None:
    assert parse(r"'\d'") is not None


def test_a_task_without_data_of_its_own_says_so() -> None:
    with pytest.raises(InputError, match="task 'apps' ships no data; source is hub, or a local file"):
        Apps(source="shipped").problems("train")
