"""The options of a component: the fields of its dataclass, with the range of each as its annotation states it.

A range is written with ``annotated_types``: ``digits: Annotated[int, Ge(1)] = 2``. ``rft.registry.build`` refuses a
value outside it, and ``rft tasks show NAME`` shows it.
"""

import dataclasses
import inspect
import math
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Interval, Le, Lt

Bound = Ge | Gt | Le | Lt

Count = Annotated[int, Ge(1)]
"""How many of something: at least one."""
Positive = Annotated[float, Gt(0), Lt(math.inf)]
"""A number above 0; neither NaN nor infinity."""


def option_types(cls: type[Any]) -> dict[str, Any]:
    """Returns option -> its annotation, ranges included, in the order of the fields."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError:  # a name that is imported for type checkers only, or defined inside a function
        hints = {}
    return {field.name: hints.get(field.name, field.type) for field in dataclasses.fields(cls) if field.init}


def required_options(cls: type[Any]) -> set[str]:
    """Returns the options that must be given, since their fields have no default."""
    missing = dataclasses.MISSING
    return {f.name for f in dataclasses.fields(cls) if f.init and f.default is missing and f.default_factory is missing}


def allowed_values(annotation: Any) -> str:
    """Returns the range in an annotation in words; empty where there is none.

    >>> allowed_values(Annotated[float, Ge(0), Le(0.99)]), allowed_values(Annotated[int, Ge(1)] | None)
    ('from 0 to 0.99', 'at least 1')
    >>> allowed_values(Annotated[float, Gt(0), Lt(math.inf)]), allowed_values(int)
    ('above 0 and finite', '')
    """
    bounds = list(_bounds(annotation))
    low = next((bound for bound in bounds if isinstance(bound, Ge | Gt)), None)
    high = next((bound for bound in bounds if isinstance(bound, Le | Lt)), None)
    finite = isinstance(high, Lt) and high.lt == math.inf
    if isinstance(low, Ge) and isinstance(high, Le):
        return f"from {_number(low.ge)} to {_number(high.le)}"
    words = [_words(bound) for bound in (low, None if finite else high) if bound is not None]
    return " and ".join([*words, *(["finite"] if finite else [])])


def type_name(annotation: Any) -> str:
    """Returns an annotation as a reader writes it, without its range.

    >>> type_name(Annotated[int, Ge(1)] | None)
    'int | None'
    """
    if get_origin(annotation) is Annotated:
        return type_name(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return " | ".join(type_name(part) for part in get_args(annotation))
    return "None" if annotation is type(None) else inspect.formatannotation(annotation).replace("typing.", "")


def _bounds(annotation: Any) -> Iterator[Bound]:
    if get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _bounds(part)
    elif get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            yield from (part for part in (mark if isinstance(mark, Interval) else [mark]) if isinstance(part, Bound))


def _words(bound: Bound) -> str:
    match bound:
        case Ge(ge=limit):
            return f"at least {_number(limit)}"
        case Gt(gt=limit):
            return f"above {_number(limit)}"
        case Le(le=limit):
            return f"at most {_number(limit)}"
        case Lt(lt=limit):
            return f"below {_number(limit)}"


def _number(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)
