"""Plain numbers as people write them, exactly. Never raises and never rounds; sizes are bounded before any work."""

import re
from fractions import Fraction

MAX_DIGITS = 4_000
"""Digits of one number (below CPython's own limit for int(), 4,300)."""
MAX_EXPONENT = 2_048
"""Of scientific notation, in either direction."""

_UNSIGNED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
NUMBER = rf"(?:{_UNSIGNED})(?:[eE][+-]?\d{{1,4}})?(?![\d.]|,\d|[eE][+-]?\d)"
"""Pattern of an unsigned number, with thousands in strict groups: 1,234 and 1.5e-3, but nothing of 1,23 or 1.2.3."""
_NUMBER = re.compile(NUMBER)
_SLASH = re.compile(rf"([+-]?)\s*({_UNSIGNED})\s*/\s*({_UNSIGNED})")
_ARGUMENT = r"\s*(?:\{\s*([+-]?\s*[\d.,]+)\s*\}|(\d))"
_FRAC = re.compile(rf"([+-]?)\s*\\[dtc]?frac{_ARGUMENT}{_ARGUMENT}")


def parse_number(text: str) -> Fraction | None:
    r"""Returns the value of a plain number, or None when the text is anything else.

    Taken: integers, decimals, scientific notation, thousands in strict groups (``1,234``; ``1{,}234`` and ``1,\!234``
    as LaTeX writes them), ``a/b``, ``\frac{a}{b}`` and its kin, a leading sign (U+2212 too). Not taken: currency,
    units, percent signs, ``1,23`` (no strict group), a zero denominator.

    >>> parse_number("-1,234.5"), parse_number(r"\frac{3}{6}"), parse_number("1,23")
    (Fraction(-2469, 2), Fraction(1, 2), None)
    """
    if len(text) > MAX_DIGITS:
        return None
    text = plain_signs(text).strip()
    if match := _SLASH.fullmatch(text):
        return _ratio(match[1], match[2], match[3])
    if match := _FRAC.fullmatch(text):
        return _ratio(match[1], match[2] or match[3], match[4] or match[5])
    sign, body = (text[0], text[1:].lstrip()) if text[:1] in ("+", "-") else ("", text)
    value = literal(body) if _NUMBER.fullmatch(body) else None
    return -value if value is not None and sign == "-" else value


def plain_signs(text: str) -> str:
    r"""Returns a text with ``-`` for other dashes and a comma for LaTeX's ``{,}`` and ``,\!``."""
    return text.replace("−", "-").replace("–", "-").replace("{,}", ",").replace(",\\!", ",")


def literal(text: str) -> Fraction | None:
    """Returns the value of a text that is a ``NUMBER``, or None when its size is beyond the bounds.

    >>> literal("1,234.50"), literal("2e3"), literal("1e9999")
    (Fraction(2469, 2), Fraction(2000, 1), None)
    """
    if len(text) < 19 and text.isdigit() and text.isascii():
        return Fraction(int(text))
    mantissa, _, power = text.lower().replace(",", "").partition("e")
    exponent = int(power or 0)
    if len(mantissa) > MAX_DIGITS or abs(exponent) > MAX_EXPONENT:
        return None
    value = Fraction(mantissa)
    return value * Fraction(10) ** exponent if exponent else value


def _ratio(sign: str, top: str, bottom: str) -> Fraction | None:
    above, below = parse_number(top), parse_number(bottom)
    if above is None or not below:
        return None
    return -above / below if sign == "-" else above / below
