"""What the tests may do with an object that stays in the candidate's process: special methods, and how they are asked.

One table for both sides: the candidate looks up which of these its object has and performs them, the tester gives its
proxy the same ones.
"""

import copy
import operator
from collections.abc import Callable
from typing import Any

BINARY = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"),
    *("and", "or", "xor", "lshift", "rshift"),
)
ORDER = ("lt", "le", "gt", "ge")


def _operator(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(operator, f"{name}_" if name in ("and", "or") else name)
    return found


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    function = _operator(name)
    return lambda obj, other: function(other, obj)


FORGING: dict[str, Callable[..., Any]] = {
    **{name: _operator(name) for name in (*BINARY, *ORDER, "contains", "eq", "ne")},
    **{f"r{name}": _reflected(name) for name in BINARY},
    **{f"i{name}": _operator(f"i{name}") for name in BINARY},
    "bool": bool,
    "instancecheck": lambda obj, other: isinstance(other, obj),
    "subclasscheck": lambda obj, other: issubclass(other, obj),
}
"""Operations whose result is the object's own opinion: a check that rests on one can be forged by its class."""

READING: dict[str, Callable[..., Any]] = {
    "len": len,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "str": str,
    "repr": repr,
    "format": format,
    "hash": hash,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "bytes": bytes,
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "invert": operator.invert,
    "round": round,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "enter": lambda obj: type(obj).__enter__(obj),
    "send": lambda obj, value: obj.send(value),
    "close": lambda obj: obj.close(),
    "dir": dir,
}
"""Operations that give a value which the tests then judge themselves."""

OPERATIONS = FORGING | READING

EXACT: dict[str, type] = {
    "len": int,
    "bool": bool,
    "contains": bool,
    "instancecheck": bool,
    "subclasscheck": bool,
    "str": str,
    "repr": str,
    "format": str,
    "hash": int,
    "int": int,
    "float": float,
    "complex": complex,
    "index": int,
    "bytes": bytes,
    "dir": list,
}
"""What a result must be. Python itself insists on it; here it is checked before Python sees it."""

ALWAYS = frozenset(
    {"eq", "ne", "bool", "str", "repr", "format", "getattr", "setattr", "delattr", "hash", "copy", "deepcopy", "dir"}
)
"""What every object has."""
OPTIONAL = tuple(
    name
    for name in OPERATIONS
    if name not in ALWAYS and name not in ("send", "close", "instancecheck", "subclasscheck")
)
"""What an object has when its class defines the special method of that name; ``call`` and ``exit`` come on top."""
