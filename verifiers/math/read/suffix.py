"""Reads what stands behind a number: a scale, a unit, a degree sign, a power, or a percentage."""

import re
from fractions import Fraction

from rft.verifiers.spelling.units import SHORT, read_unit

_SCALES = {
    "percent": Fraction(1, 100), "dozen": Fraction(12), "hundred": Fraction(100), "thousand": Fraction(10**3),
    "million": Fraction(10**6), "billion": Fraction(10**9), "trillion": Fraction(10**12),
}  # fmt: skip
_TEMPERATURES = {"C": "celsius", "F": "fahrenheit"}
_POWERS = {"2": "square", "3": "cubic"}
_EITHER_CASE = frozenset({"KG", "KM", "CM", "ML", "FT", "LB", "OZ", "AM", "PM", "IN", "HR", "L"})
_NOT_IN_UNITS = re.compile(r"[^\w\s.'/-]|[\d_]")
_BETWEEN_UNITS = re.compile(r"[\s./-]+")


def read_suffix(match: re.Match[str], *, one: bool) -> tuple[Fraction, str, bool] | None:
    r"""Returns the factor and canonical unit of a suffix, and whether it is a percentage; None when it is no unit.

    The steps, each with a suffix that needs it: ``\%``, ``5x`` (a product), ``per cent``, ``million dollars``,
    ``^\circ C``, ``cm^2``.
    """
    if match["percent"]:
        return (Fraction(1, 100), "", True) if not match["degree"] else None
    written = match["text"] or match["bare"] or ""
    if _NOT_IN_UNITS.search(written):
        return None
    parts = [_lowered(part).strip("'") for part in _BETWEEN_UNITS.split(written.replace("/", " per ")) if part]
    if match["bare"] and not match["degree"] and _may_be_product(parts):
        return None
    parts = ["percent", *parts[2:]] if parts[:2] == ["per", "cent"] else parts
    factor, rest = _scaled(parts)
    unit = read_unit(rest, one=one)
    if match["degree"]:
        unit = _degrees(written.strip(), unit)
    if unit is None:
        return None
    return factor, _raised(unit, match["power"]), parts[:1] == ["percent"]


def _may_be_product(parts: list[str]) -> bool:
    """Whether bare letters may be variables: 5x and 5 ab are products.

    >>> _may_be_product(["x"]), _may_be_product(["ab"]), _may_be_product(["apples"])
    (True, True, False)
    """
    return any(len(part) < 3 and part.isascii() and part not in SHORT for part in parts)


def _scaled(parts: list[str]) -> tuple[Fraction, list[str]]:
    """What the scale words in front multiply by, and the words behind them.

    >>> _scaled(["hundred", "million", "dollars"])
    (Fraction(100000000, 1), ['dollars'])
    """
    factor = Fraction(1)
    while parts and (scale := _SCALES.get(parts[0].removesuffix("s"))) is not None:
        factor *= scale
        parts = parts[1:]
    return factor, parts


def _degrees(written: str, unit: str | None) -> str | None:
    """The unit of a number with a degree sign, or None where what follows the sign is no scale of temperature.

    >>> _degrees("", ""), _degrees("C", None), _degrees("m", "metre")
    ('°', '° celsius', None)
    """
    unit = _TEMPERATURES.get(written, unit)
    return f"° {unit}".strip() if unit in ("", "celsius", "fahrenheit") else None


def _raised(unit: str, power: str | None) -> str:
    """A unit with the power that its last part has.

    >>> _raised("m", None), _raised("m per s", "2")
    ('m', 'm per square s')
    """
    if not power:
        return unit
    above, per, below = unit.rpartition(" per ")
    return f"{above}{per}{_POWERS[power]} {below}"


def _lowered(word: str) -> str:
    """A word in lower case, but a short one as it is: mg is not Mg."""
    return word.lower() if len(word) > 2 or word.upper() in _EITHER_CASE else word
