r"""Reads an answer as an exact number with its unit: ``18 dollars``, ``\$1,234``, ``4\frac{4}{9}``, ``10\%``, ``30°``.

Typed on purpose: ``10\%`` is one tenth and never ten, ``5 million`` is never five, and ``5 m`` is not ``5 cm``. A
number keeps how it was printed, since a reference that was rounded stands for everything that rounds to it.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from rft.expressions.exact import evaluate
from rft.expressions.numeral import parse_number
from rft.verifiers.math.read.policy import DEFAULT, Policy
from rft.verifiers.math.read.suffix import read_suffix
from rft.verifiers.spelling.units import MEASURES, converted

_MONEY = {r"\$": "$", "€": "euro", "£": "£", "¥": "yen", "¢": "cent", "₹": "rupee", "₽": "ruble", "₩": "won"}
_MONEY_SIGN = re.compile(r"\\\$|[€£¥¢₹₽₩]")
_SUFFIX = re.compile(
    r"""(?P<degree>\\degree)?\s*(?:
        (?P<percent>%)
      | (?:\\text\s*\{(?P<text>[^{}]*)\}|(?P<bare>(?<=[\s\d})])[^\W\d_](?:[^\W\d_]|[ .'/-])*))
        (?:\s*\^\{(?P<power>[23])\})?
    )?\s*$""",
    re.VERBOSE,
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MIXED = re.compile(r"(-?)\s*(\d+)\s*(?:\\frac\s*\{(\d+)\}\s*\{(\d+)\}|(?:\s|\band\b)+(\d+)/(\d+))")
_LETTER_UNIT = re.compile(r"(.*[\d}]) ?([a-zA-Z]{1,2}(?:/[a-zA-Z]{1,2})?)((?:\s*\^\{[23]\})?)")
_REPEATING = re.compile(r"(-?)(\d{0,50})\.(\d{0,50})\\(?:overline|dot|bar)\s*\{(\d{1,50})\}")
_PRINTED = re.compile(
    r"-?\s*((?:\d{1,3}(?:,\d{3})+|\d+)?\.(\d+)|(?:\d{1,3}(?:,\d{3})+|\d+))(?:\s*\\cdot\s*10\^\{(-?\d{1,3})\})?"
)
_SUFFIX_LENGTH = 60
MAX_PRINTED = 400
"""Characters of a decimal whose printed digits are counted."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number and what it counts."""

    value: Fraction
    unit: str = ""
    """Canonical unit; empty when none was written. Bare numbers match any unit; two units must agree."""
    percent: bool = False
    """Whether a percent sign was written; the value is divided by 100 then."""
    digits: int = 0
    """Significant digits of a decimal; 0 for everything else."""
    step: Fraction = Fraction(0)
    """Value of the last printed place of a decimal."""


def same_quantity(left: Quantity, right: Quantity, policy: Policy = DEFAULT) -> bool:
    """Returns whether two quantities are equal under a policy; exact unless one is a decimal that stands for more."""
    if policy.percent == "points" and left.percent != right.percent:
        left, right = _in_points(left), _in_points(right)
    if policy.units != "ignore" and left.unit and right.unit and left.unit != right.unit:
        factor = converted(right.unit, left.unit) if policy.units == "convert" else None
        if factor is None:
            return False
        right = replace(right, value=right.value * factor, step=right.step * factor)
    if left.value == right.value:
        return True
    return policy.decimals == "rounded" and (rounds(left, right) or _is_exact_rounded(left, right))


def rounds(reference: Quantity, answer: Quantity) -> bool:
    """Whether an answer rounds to a reference that is a decimal: of 3 digits for exact numbers, of 4 for decimals."""
    if reference.digits < (4 if answer.digits else 3) or (answer.digits and answer.step >= reference.step):
        return False
    if not answer.digits and answer.value.denominator == 1:
        return False  # a whole number is no rounded value of a decimal
    return 2 * abs(reference.value - answer.value) <= reference.step


def _is_exact_rounded(reference: Quantity, answer: Quantity) -> bool:
    """Whether an answer is a decimal of six or more digits to which an exact reference rounds."""
    if reference.digits or answer.digits < MIN_ROUNDED_DIGITS or _terminates(reference.value):
        return False
    return 2 * abs(reference.value - answer.value) <= answer.step


def _terminates(value: Fraction) -> bool:
    """Whether a fraction has a finite decimal form, as whole numbers have: there is no need to round it."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


MIN_ROUNDED_DIGITS = 6
"""Digits of a decimal answer that is accepted for an exact reference."""


def read_measure(canonical_text: str) -> Quantity | None:
    """Returns the quantity of a number with a unit of one or two letters, ``5 m``, which may also be a product."""
    match = _LETTER_UNIT.fullmatch(canonical_text)
    if match and not all(letters in MEASURES for letters in match[2].split("/")):
        return None
    return read_quantity(rf"{match[1]}\text{{{match[2]}}}{match[3]}") if match else None


def read_quantity(canonical_text: str) -> Quantity | None:
    """Returns the number that an answer in canonical LaTeX stands for, or None when it is not a plain number."""
    signs = set(_MONEY_SIGN.findall(canonical_text)) if not canonical_text.isalnum() else set()
    quantity = _read(_MONEY_SIGN.sub("", canonical_text) if signs else canonical_text)
    if not signs or quantity is None:
        return quantity
    money = _MONEY[signs.pop()]
    rest = quantity.unit.removeprefix(money).strip()
    if signs or (rest and not rest.startswith("per ")):
        return None  # two currencies; $50 loss; $5 cents
    return replace(quantity, unit=f"{money} {rest}".strip())


def without_unit(canonical_text: str) -> tuple[str, str]:
    r"""Returns a value without the unit in ``\text`` behind it, and that unit; "" where there is none.

    >>> without_unit(r"78\pi \text{ cm}^{2}"), without_unit("x+1")
    (('78\\pi', 'square cm'), ('x+1', ''))
    """
    match = _SUFFIX.search(canonical_text, max(0, len(canonical_text) - _SUFFIX_LENGTH))
    if match is None or match["percent"] or not (match["text"] or match["bare"]):
        return canonical_text, ""
    if match["bare"] and not all(word in MEASURES and len(word) > 1 for word in match["bare"].split()):
        return canonical_text, ""
    unit = read_suffix(match, one=False)
    if unit is None or unit[0] != 1 or unit[2]:
        return canonical_text, ""
    return canonical_text[: match.start()].rstrip(), unit[1]


def without_money(canonical_text: str) -> str:
    """Returns a text without its currency signs: in an expression they carry no meaning."""
    return _MONEY_SIGN.sub("", canonical_text)


def _in_points(quantity: Quantity) -> Quantity:
    if not quantity.percent:
        return quantity
    return replace(quantity, value=quantity.value * 100, step=quantity.step * 100, percent=False)


def _read(text: str) -> Quantity | None:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return Quantity(Fraction(int(text)))
    quantity = _value(text)
    if quantity is not None:
        return quantity
    match = _SUFFIX.search(text, max(0, len(text) - _SUFFIX_LENGTH))
    if match is None or not match[0].strip():
        return None
    quantity = _value(text[: match.start()].rstrip())
    unit = read_suffix(match, one=abs(quantity.value) <= 1) if quantity is not None else None
    if quantity is None or unit is None:
        return None
    factor, name, percent = unit
    return replace(quantity, value=quantity.value * factor, step=quantity.step * factor, unit=name, percent=percent)


def _value(text: str) -> Quantity | None:
    text = text.strip()
    if not text or not (text[-1].isdigit() or text[-1] in ")}]") or _ISO_DATE.fullmatch(text):
        return None
    if match := _MIXED.fullmatch(text):
        value = _mixed(match)
        return None if value is None else Quantity(value)
    if match := _REPEATING.fullmatch(text):
        return Quantity(_repeating(match[1], match[2], match[3], match[4]))
    value = parse_number(text)
    value = evaluate(text) if value is None else value
    if value is None:
        return None
    printed = _PRINTED.fullmatch(text) if len(text) <= MAX_PRINTED else None
    if printed is None or (printed[2] is None and printed[3] is None):
        return Quantity(value)
    places = len(printed[2] or "") - int(printed[3] or 0)
    digits = len(re.sub("[.,]", "", printed[1]).lstrip("0"))
    return Quantity(value, digits=digits, step=Fraction(10) ** -places)


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
