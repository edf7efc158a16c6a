"""The one check of limits that somebody asks for: in a reference, in a line of a file, in an option, over HTTP."""

import math
from dataclasses import fields
from difflib import get_close_matches

from rft.types import JSON, MOST, Limits

NAMES = tuple(limit.name for limit in fields(Limits))
SECONDS = frozenset({"cpu_s", "wall_s"})
"""Limits that may be fractions; the others are whole numbers."""


def checked_limits(given: JSON, where: str = "'limits'", most: Limits = MOST) -> dict[str, float | int]:
    """Returns some of the fields of ``Limits``, each within its range; what is None is left out.

    Args:
        given: name -> number, as a user or a client wrote it.
        where: what holds them, for the error.
        most: the largest that may be asked for.

    Raises:
        ValueError: it is not an object, a name is unknown, or a value is not a number in its range.

    >>> checked_limits({"cpu_s": 2, "memory_mib": 256.0, "disk_mib": None})
    {'cpu_s': 2.0, 'memory_mib': 256}
    """
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be an object; seen: {_shown(given)}")
    checked: dict[str, float | int] = {}
    for name, value in given.items():
        if name not in NAMES:
            near = get_close_matches(str(name), NAMES, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(NAMES))}"
            raise ValueError(f"{where} has an unknown key '{str(name)[:80]}'; {hint}")
        if value is not None:
            checked[name] = _checked(name, value, getattr(most, name))
    return checked


def _checked(name: str, value: JSON, most: float | int) -> float | int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        rule = "a number above 0"
    elif value > most:
        rule = f"at most {most:g}"
    elif name not in SECONDS and value != int(value):
        rule = "a whole number"
    else:
        return float(value) if name in SECONDS else int(value)
    raise ValueError(f"the limit '{name}' must be {rule}; seen: {_shown(value)}")


def _shown(value: JSON) -> str:
    return "nothing" if value is None else repr(value)[:80]
