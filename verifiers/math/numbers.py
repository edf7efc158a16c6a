r"""Reads an answer as an exact number with its unit: ``18 dollars``, ``\$1,234``, ``4\frac{4}{9}``, ``10\%``, ``30°``.

Typed on purpose: ``10\%`` is one tenth and never ten, ``5 million`` is never five, and ``5 m`` is not ``5 cm``.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from rft.exact import evaluate, parse_number
from rft.verifiers.math.units import SHORT, read_unit

_SCALES = {
    "percent": Fraction(1, 100), "dozen": Fraction(12), "hundred": Fraction(100), "thousand": Fraction(10**3),
    "million": Fraction(10**6), "billion": Fraction(10**9), "trillion": Fraction(10**12),
}  # fmt: skip
_MONEY = {r"\$": "$", "€": "euro", "£": "£", "¥": "yen", "¢": "cent"}
_MONEY_SIGN = re.compile(r"\\\$|[€£¥¢]")
_SUFFIX = re.compile(
    r"""(?P<degree>\\degree)?\s*(?:
        (?P<percent>%)
      | (?:\\text\s*\{(?P<text>[^{}]*)\}|(?P<bare>(?<=[\s\d})])[A-Za-z][A-Za-z .'/-]*))(?:\s*\^\{(?P<power>[23])\})?
    )?\s*$""",
    re.VERBOSE,
)
_MIXED = re.compile(r"(-?)\s*(\d+)\s*(?:\\frac\s*\{(\d+)\}\s*\{(\d+)\}|(?:\s|\band\b)+(\d+)/(\d+))")
_REPEATING = re.compile(r"(-?)(\d{0,50})\.(\d{0,50})\\overline\s*\{(\d{1,50})\}")
_SUFFIX_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number and what it counts."""

    value: Fraction
    unit: str = ""
    """Canonical unit; empty when none was written. Bare numbers match any unit; two units must agree."""

    def same(self, other: "Quantity") -> bool:
        """Whether two quantities are equal, exactly."""
        return self.value == other.value and (self.unit == other.unit or "" in (self.unit, other.unit))


def read_quantity(canonical_text: str) -> Quantity | None:
    """Returns the number that an answer in canonical LaTeX stands for, or None when it is not a plain number."""
    signs = set(_MONEY_SIGN.findall(canonical_text))
    quantity = _read(_MONEY_SIGN.sub("", canonical_text) if signs else canonical_text)
    if not signs or quantity is None:
        return quantity
    money = _MONEY[signs.pop()]
    rest = quantity.unit.removeprefix(money).strip()
    if signs or (rest and not rest.startswith("per ")):
        return None  # two currencies; $50 loss; $5 cents
    return Quantity(quantity.value, f"{money} {rest}".strip())


def without_money(canonical_text: str) -> str:
    """Returns a text without its currency signs: in an expression they carry no meaning."""
    return _MONEY_SIGN.sub("", canonical_text)


def _read(text: str) -> Quantity | None:
    value = _value(text)
    if value is not None:
        return Quantity(value)
    match = _SUFFIX.search(text, max(0, len(text) - _SUFFIX_LENGTH))
    if match is None or not match[0].strip():
        return None
    value = _value(text[: match.start()].rstrip())
    unit = _unit(match, one=abs(value) <= 1) if value is not None else None
    if value is None or unit is None:
        return None
    return Quantity(value * unit[0], unit[1])


def _value(text: str) -> Fraction | None:
    text = text.strip()
    if not text or not (text[-1].isdigit() or text[-1] in ")}]"):
        return None
    value = parse_number(text)
    if value is None and (match := _MIXED.fullmatch(text)):
        return _mixed(match)
    if value is None and (match := _REPEATING.fullmatch(text)):
        return _repeating(*match.groups())
    return evaluate(text) if value is None else value


def _mixed(match: re.Match[str]) -> Fraction | None:
    whole, top, bottom = parse_number(match[2]), parse_number(match[3] or match[5]), parse_number(match[4] or match[6])
    if whole is None or top is None or bottom is None or not 0 < top < bottom:
        return None
    return -(whole + top / bottom) if match[1] else whole + top / bottom


def _repeating(sign: str, whole: str, fixed: str, cycle: str) -> Fraction:
    r"""The value of ``whole.fixed\overline{cycle}``: (all digits - the fixed ones) over 9..90..0."""
    value = Fraction(
        int(f"{whole}{fixed}{cycle}") - int(f"{whole}{fixed}" or "0"), 10 ** len(fixed) * (10 ** len(cycle) - 1)
    )
    return -value if sign else value


def _unit(match: re.Match[str], *, one: bool) -> tuple[Fraction, str] | None:
    """The factor and canonical unit of a suffix; None when it is no unit."""
    if match["percent"]:
        return (Fraction(1, 100), "") if not match["degree"] else None
    written = match["text"] or match["bare"] or ""
    if re.search(r"[^A-Za-z\s.'/-]", written):
        return None
    parts = [part.lower().strip("'") for part in re.split(r"[\s./-]+", written.replace("/", " per ")) if part]
    if match["bare"] and any(len(part) < 3 and part not in SHORT for part in parts):
        return None  # 5x and 5 ab are products
    parts = ["percent", *parts[2:]] if parts[:2] == ["per", "cent"] else parts
    factor = Fraction(1)
    while parts and (scale := _SCALES.get(parts[0].removesuffix("s"))) is not None:
        factor *= scale
        parts = parts[1:]
    unit = read_unit(parts, one=one)
    if unit is None or (match["degree"] and unit not in ("", "celsius", "fahrenheit")):
        return None
    power = {"2": "square", "3": "cubic", None: ""}[match["power"]]
    return factor, f"{power} {'°' if match['degree'] else ''} {unit}".strip().replace("  ", " ")
