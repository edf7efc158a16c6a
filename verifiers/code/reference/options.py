"""Reads the options of a reference that hold for every form; complains in one sentence about what cannot be used."""

import math
from difflib import get_close_matches

from rft.sandboxes.limits import checked_limits
from rft.types import JSON, Trust


class BadReferenceError(Exception):
    """The sentence that says what is wrong."""


def require(holds: bool, rule: str, seen: JSON) -> None:
    """Complains that a rule does not hold, and shows what was seen instead.

    Raises:
        BadReferenceError: it does not.
    """
    if not holds:
        raise BadReferenceError(f"{rule}; seen: {'nothing' if seen is None else repr(seen)[:80]}")


def known_keys(given: dict[str, JSON], known: tuple[str, ...], where: str) -> None:
    """Complains about a key that nobody reads, with the nearest that somebody does.

    Raises:
        BadReferenceError: there is one.
    """
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(known))}"
            raise BadReferenceError(f"{where} has an unknown key '{str(key)[:80]}'{hint}")


def read_limits(given: dict[str, JSON]) -> dict[str, JSON]:
    """Returns the fields of ``Limits`` that a reference sets.

    Raises:
        BadReferenceError: one is unknown or out of its range.
    """
    try:
        return checked_limits(given.get("limits", {}))
    except ValueError as error:
        raise BadReferenceError(str(error)) from error


def read_checks(given: dict[str, JSON]) -> int | None:
    """Returns how many checks a reference says that its solution executes."""
    checks: JSON = given.get("checks")
    if checks is None:
        return None
    is_count = isinstance(checks, int) and not isinstance(checks, bool) and checks > 0
    require(is_count, "'checks' must be a whole number above 0", checks)
    return int(checks)


def read_tolerance(given: dict[str, JSON]) -> float | None:
    """Returns by how much numbers may differ."""
    tolerance: JSON = given.get("tolerance")
    if tolerance is None:
        return None
    require(_is_number(tolerance) and tolerance >= 0, "'tolerance' must be a number, 0 or more", tolerance)
    return float(tolerance)


def read_trust(given: dict[str, JSON]) -> Trust | None:
    """Returns the trust that a reference asks for."""
    if "trust" not in given:
        return None
    known = [str(trust) for trust in Trust]
    require(given["trust"] in known, f"'trust' must be {' or '.join(known)}", given["trust"])
    return Trust(given["trust"])


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
