"""Values as tagged plain data, the only thing that crosses between a candidate and its tests.

Null, booleans, strings, finite floats, integers up to 2**53 and lists stand for themselves. All else is an object with
one key that starts with ``$``: ``{"$tuple": [1, 2]}``. An object without such a key is a dict with string keys.
Subclasses are flattened to their built-in base by the base's own methods, so that nothing which a class redefines ever
travels; what ``decode`` returns is made of exact built-in types (and of what ``take`` returns for handles).

>>> encode((1, {2: b"x"}))
{'$tuple': [1, {'$dict': [[2, {'$bytes': '78'}]]}]}
>>> decode({"$set": [1, {"$float": "inf"}]}) == {1, float("inf")}
True
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

from rft.sandboxes.inside.exam.wire.values import BUILTINS, decode_extra, encode_extra

JSON = Any
Lend = Callable[[object], JSON]
"""Gives the JSON of a handle for what is not plain, or None when the value should be flattened or refused."""
Take = Callable[[dict[str, JSON]], object]
"""Gives what stands for a ``{"$handle": …}`` or ``{"$callback": …}``; raises ValueError for one that is unknown."""

MAX_DEPTH = 100
MAX_NODES = 2_000_000
MAX_TEXT = 8 << 20
"""Characters in all strings of a value together; a message has its own limit in bytes (see ``wire``)."""
EXACT_INT = 1 << 53
"""Up to here a JSON number is the same integer in every language."""
SCALARS = frozenset({str, int, float, bool, type(None)})


def encode(value: object, lend: Lend | None = None) -> JSON:
    """Returns the JSON form of a value.

    Args:
        value: what is to be carried.
        lend: asked for everything that is not of an exact built-in type, before it is flattened.

    Raises:
        ValueError: the value is too deep (or cyclic), too large, or of a type that cannot be carried.
    """
    return _Encoder(lend).encode(value, MAX_DEPTH)


def decode(data: JSON, take: Take | None = None) -> Any:
    """Returns the value of a JSON form, no matter who wrote it.

    Raises:
        ValueError: it is not a form that ``encode`` writes, or it is too deep or too large.
    """
    return _Decoder(take).decode(data, MAX_DEPTH)


def base_of(kind: type) -> type | None:
    """The built-in type that instances of a class are flattened to, or None."""
    return next((base for base in kind.__mro__ if base in _ENCODERS), None)


class _Encoder:
    __slots__ = ("_lend", "_nodes", "_text")

    def __init__(self, lend: Lend | None) -> None:
        self._lend = lend
        self._nodes = MAX_NODES
        self._text = MAX_TEXT

    def encode(self, value: Any, room: int) -> JSON:
        kind = type(value)
        self._nodes -= 1
        if kind is bool or value is None:
            return value
        encoder = _ENCODERS.get(kind)
        if encoder is None:
            return self._inexact(value, kind, room)
        if room <= 0 or self._nodes < 0:
            what = f"nested deeper than {MAX_DEPTH} levels" if room <= 0 else f"of more than {MAX_NODES} parts"
            raise ValueError(f"a value {what} cannot be carried")
        return encoder(self, value, room - 1)

    def _inexact(self, value: Any, kind: type, room: int) -> JSON:
        found = encode_extra(value, kind)
        if found is not None:
            tag, data = found
            if tag == "$plain":
                return self.encode(data, room)
            return {tag: self.encode(data, room - 1)} if type(data) is not str else {tag: data}
        found = self._lend(value) if self._lend else None
        if found is not None:
            return found
        base = base_of(kind)
        if base is None or room <= 0:
            raise ValueError(f"a value of type {kind.__name__} cannot be carried")
        return _ENCODERS[base](self, value, room - 1)

    def int_(self, value: int, room: int) -> JSON:
        value = int.__index__(value)
        return value if -EXACT_INT <= value <= EXACT_INT else {"$int": hex(value)}

    def float_(self, value: float, room: int) -> JSON:
        value = float.__pos__(value)
        return value if isfinite(value) else {"$float": repr(value)}

    def str_(self, value: str, room: int) -> JSON:
        value = str.__str__(value)
        self._spend(len(value))
        return value

    def hex_(self, value: bytes | bytearray, room: int) -> JSON:
        base, tag = (bytes, "$bytes") if isinstance(value, bytes) else (bytearray, "$bytearray")
        self._spend(2 * base.__len__(value))  # type: ignore[arg-type]
        return {tag: base.hex(value)}  # type: ignore[arg-type]

    def complex_(self, value: complex, room: int) -> JSON:
        value = complex.__pos__(value)
        return {"$complex": [self.float_(value.real, room), self.float_(value.imag, room)]}

    def list_(self, value: list[Any], room: int) -> JSON:
        return self._items(list.__getitem__(value, slice(None)), room)

    def dict_(self, value: dict[Any, Any], room: int) -> JSON:
        items = OrderedDict.items(value) if isinstance(value, OrderedDict) else dict.items(value)
        return {"$dict": [[self.encode(key, room), self.encode(item, room)] for key, item in list(items)]}

    def range_(self, value: range, room: int) -> JSON:
        return {"$range": self._items([value.start, value.stop, value.step], room)}

    def slice_(self, value: slice, room: int) -> JSON:
        return {"$slice": self._items([value.start, value.stop, value.step], room)}

    def _items(self, items: list[Any], room: int) -> list[JSON]:
        kinds = set(map(type, items))
        # Long lists of one kind of scalar need no look at each item.
        if len(items) < self._nodes and (
            (kinds == {int} and max(items) <= EXACT_INT and min(items) >= -EXACT_INT)
            or (kinds == {float} and isfinite(sum(items)))
        ):
            self._nodes -= len(items)
            return items
        return [self.encode(item, room) for item in items]

    def _spend(self, length: int) -> None:
        self._text -= length
        if self._text < 0:
            raise ValueError(f"a value with more than {MAX_TEXT} characters cannot be carried")


def _tagged(tag: str, iterate: Callable[[Any], Iterable[Any]]) -> Callable[[_Encoder, Any, int], JSON]:
    return lambda encoder, value, room: {tag: encoder._items(list(iterate(value)), room)}


_ENCODERS: dict[type, Callable[[_Encoder, Any, int], JSON]] = {
    int: _Encoder.int_,
    float: _Encoder.float_,
    str: _Encoder.str_,
    list: _Encoder.list_,
    dict: _Encoder.dict_,
    tuple: _tagged("$tuple", tuple.__iter__),
    set: _tagged("$set", set.__iter__),
    frozenset: _tagged("$frozenset", frozenset.__iter__),
    deque: _tagged("$deque", deque.__iter__),
    bytes: _Encoder.hex_,
    bytearray: _Encoder.hex_,
    complex: _Encoder.complex_,
    range: _Encoder.range_,
    slice: _Encoder.slice_,
    type({}.keys()): _tagged("$keys", iter),
    type({}.values()): _tagged("$values", iter),
    type({}.items()): _tagged("$items", iter),
}


class _Decoder:
    __slots__ = ("_nodes", "_take")

    def __init__(self, take: Take | None) -> None:
        self._take = take
        self._nodes = MAX_NODES

    def decode(self, data: JSON, room: int) -> Any:
        kind = type(data)
        if kind is list:
            return self._items(data, room)
        if kind is dict:
            return self._object(data, room)
        if kind in SCALARS:
            return data
        raise ValueError(f"a {kind.__name__} is no plain data")

    def _items(self, data: JSON, room: int) -> list[Any]:
        if type(data) is not list:
            raise ValueError("a list is missing")
        self._nodes -= len(data)
        if room <= 0 or self._nodes < 0:
            raise ValueError("a value is nested too deep" if room <= 0 else "a value has too many parts")
        if SCALARS.issuperset(map(type, data)):
            return data
        return [self.decode(item, room - 1) for item in data]

    def _object(self, data: dict[str, JSON], room: int) -> Any:
        tag = next((key for key in data if key.startswith("$")), None)
        if tag is None:
            return dict(zip(data, self._items(list(data.values()), room), strict=True))
        if tag in ("$handle", "$callback"):
            if self._take is None:
                raise ValueError(f"nobody takes a {tag[1:]} here")
            return self._take(data)
        if len(data) != 1:
            raise ValueError(f"{tag} beside other keys")
        self._nodes -= 1
        make = _CONTAINERS.get(tag)
        try:
            return make(self._items(data[tag], room)) if make else self._scalar(tag, data[tag], room)
        except (TypeError, IndexError, KeyError, ArithmeticError, AttributeError) as error:
            raise ValueError(f"{tag} holds what it cannot: {error}") from None

    def _scalar(self, tag: str, data: JSON, room: int) -> Any:
        if tag == "$int" and type(data) is str:
            return int(data, 16)
        if tag == "$float" and data in ("inf", "-inf", "nan"):
            return float(data)
        if tag == "$bytes":
            return bytes.fromhex(data)
        if tag == "$bytearray":
            return bytearray.fromhex(data)
        if tag == "$builtin":
            return BUILTINS[data]
        return decode_extra(tag, self.decode(data, room - 1))


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if any(type(item) is not list or len(item) != 2 for item in items):
        raise ValueError("a dict is made of pairs")
    return dict(items)


_CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {
    "$tuple": tuple,
    "$dict": _pairs,
    "$set": set,
    "$frozenset": frozenset,
    "$deque": deque,
    "$complex": lambda parts: complex(float(parts[0]), float(parts[1])),
    "$range": lambda parts: range(*parts),
    "$slice": lambda parts: slice(*parts),
    "$keys": lambda items: dict.fromkeys(items).keys(),
    "$values": lambda items: dict(enumerate(items)).values(),
    "$items": lambda items: _pairs([list(item) for item in items]).items(),
}
