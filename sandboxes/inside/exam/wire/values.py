"""Values beyond the built-in containers that travel as plain data: numpy's, decimals, fractions, dates, types.

Each is rebuilt from numbers and strings by the library's own constructor. None of these libraries is imported to
encode: a value of theirs exists only where they are loaded.
"""

import builtins
import sys
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

FUNCTIONS: tuple[Any, ...] = (
    *(abs, all, any, ascii, bin, callable, chr, divmod, format, hash, hex, isinstance, issubclass, iter, len, max, min),
    *(oct, ord, pow, repr, round, sorted, sum, enumerate, filter, map, range, reversed, slice, zip, type, object),
    *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset),
)
ERRORS = [item for item in vars(builtins).values() if isinstance(item, type) and issubclass(item, BaseException)]
BUILTINS: dict[str, Any] = {
    **{item.__name__: item for item in (*FUNCTIONS, *ERRORS)},
    "Ellipsis": Ellipsis,
    "NotImplemented": NotImplemented,
}
"""Built-in functions and types that go by their name. None of them reads, writes or runs anything."""
NAMES = {id(item): name for name, item in BUILTINS.items()}
BY_NAME = (type, BuiltinFunctionType, type(Ellipsis), type(NotImplemented))

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
DTYPES = frozenset({"bool", "float16", "float32", "float64", "complex128", *INTEGERS})


def encode_extra(value: Any, kind: type) -> tuple[str, Any] | None:
    """Returns (tag, what is still to be encoded) for a value of these types, else None. ``$plain`` means no tag."""
    if kind in BY_NAME:
        name = NAMES.get(id(value))
        return None if name is None else ("$builtin", name)
    root = kind.__module__.partition(".")[0] if isinstance(kind.__module__, str) else ""
    encoder = _ENCODERS.get(root)
    return encoder(value, kind, sys.modules.get(root)) if encoder else None


def decode_extra(tag: str, data: Any) -> Any:
    """Returns the value of a tag that ``encode_extra`` gave, from its decoded content.

    Raises:
        ValueError: unknown tag, or content that does not belong there.
    """
    if tag not in _DECODERS:
        raise ValueError(f"{tag} is no tag")
    return _DECODERS[tag](data)


def _numpy(value: Any, kind: type, np: Any) -> tuple[str, Any] | None:
    if kind is np.ndarray:
        kept = str(value.dtype) in DTYPES
        return ("$array", [str(value.dtype), value.tolist()]) if kept else ("$plain", value.tolist())
    if issubclass(kind, np.generic):
        item = value.item()
        return None if isinstance(item, np.generic) else ("$plain", item)
    return None


def _decimal(value: Any, kind: type, module: Any) -> tuple[str, Any] | None:
    return ("$decimal", str(value)) if kind is module.Decimal else None


def _fraction(value: Any, kind: type, module: Any) -> tuple[str, Any] | None:
    return ("$fraction", [value.numerator, value.denominator]) if kind is module.Fraction else None


def _datetime(value: Any, kind: type, module: Any) -> tuple[str, Any] | None:
    if kind is module.timedelta:
        return "$timedelta", [value.days, value.seconds, value.microseconds]
    if kind in (module.date, module.time, module.datetime):
        return f"${kind.__name__}", value.isoformat()
    return None


_ENCODERS: dict[str, Callable[[Any, type, Any], tuple[str, Any] | None]] = {
    "numpy": _numpy,
    "decimal": _decimal,
    "fractions": _fraction,
    "datetime": _datetime,
}


def _array(data: Any) -> Any:
    dtype, nested = data
    if dtype not in DTYPES or type(nested) not in (list, int, float, bool, complex):
        raise ValueError("no array")
    try:
        import numpy as np
    except ImportError:
        return nested
    return np.array(nested, dtype=dtype)


def _to_decimal(data: Any) -> Any:
    from decimal import Decimal

    return Decimal(_text(data))


def _to_fraction(data: Any) -> Any:
    from fractions import Fraction

    numerator, denominator = _integers(data, 2)
    return Fraction(numerator, denominator)


def _to_timedelta(data: Any) -> Any:
    from datetime import timedelta

    return timedelta(*_integers(data, 3))


def _to_moment(name: str) -> Callable[[Any], Any]:
    def decode(data: Any) -> Any:
        import datetime

        return getattr(datetime, name).fromisoformat(_text(data))

    return decode


def _text(data: Any) -> str:
    if type(data) is not str or len(data) > 10_000:
        raise ValueError("no text")
    return data


def _integers(data: Any, n: int) -> list[int]:
    if type(data) is not list or len(data) != n or any(type(item) is not int for item in data):
        raise ValueError(f"not {n} integers")
    return data


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "$array": _array,
    "$decimal": _to_decimal,
    "$fraction": _to_fraction,
    "$timedelta": _to_timedelta,
    "$date": _to_moment("date"),
    "$time": _to_moment("time"),
    "$datetime": _to_moment("datetime"),
}
