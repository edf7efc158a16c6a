"""Exact values of plain numbers and of closed arithmetic, by a small parser of our own.

Stands beside the bottom of the house: verifiers compare numbers with it, selection checks the equations inside a
solution with it. It never evaluates text as code, never rounds, never raises whatever the text holds, and ends in
time linear in the length of the text: sizes are bounded before anything is computed.
"""

import re
from fractions import Fraction

MAX_LENGTH = 1_000
"""Characters of an expression."""
MAX_DIGITS = 4_000
"""Digits of one literal (below CPython's own limit for int(), 4,300)."""
MAX_DEPTH = 40
"""Nested groups."""
MAX_BITS = 1 << 13
"""Bits of any numerator or denominator met while an expression is evaluated: about 2,466 decimal digits."""

_UNSIGNED = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?P<mantissa>{_UNSIGNED})(?:[eE](?P<exponent>[+-]?\d{{1,4}}))?(?![\d.]|,\d|[eE][+-]?\d)")
_SIGN = "[+-]?"
_SLASH = re.compile(rf"({_SIGN})\s*({_UNSIGNED})\s*/\s*({_UNSIGNED})")
_ARGUMENT = r"\s*(?:\{\s*([+-]?\s*[\d.,]+)\s*\}|(\d))"
_FRAC = re.compile(rf"([+-]?)\s*\\[dtc]?frac{_ARGUMENT}{_ARGUMENT}")
_SPACE = re.compile(r"(?:\s|\\[,;:! ]|\\left(?![a-zA-Z])|\\right(?![a-zA-Z]))*")
_OPERATORS = {
    "+": re.compile(r"\+"),
    "-": re.compile(r"-"),
    "^": re.compile(r"\^|\*\*"),
    "*": re.compile(r"\*(?!\*)|×|·|⋅|\\times(?![a-zA-Z])|\\cdot(?![a-zA-Z])"),
    "/": re.compile(r"/|÷|\\div(?![a-zA-Z])"),
    "frac": re.compile(r"\\[dtc]?frac(?![a-zA-Z])"),
}
_DIGIT = re.compile(r"\d")
_CLOSING = {"(": ")", "{": "}", "[": "]"}


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
    text = _plain(text).strip()
    if match := _SLASH.fullmatch(text):
        return _ratio(match[1], match[2], match[3])
    if match := _FRAC.fullmatch(text):
        return _ratio(match[1], match[2] or match[3], match[4] or match[5])
    sign, body = (text[0], text[1:].lstrip()) if text[:1] in ("+", "-") else ("", text)
    match = _NUMBER.fullmatch(body)
    value = _literal(match) if match else None
    return -value if value is not None and sign == "-" else value


def evaluate(expression: str) -> Fraction | None:
    r"""Returns the exact value of closed arithmetic, or None when the text is anything else or too large.

    The grammar: numbers, ``+ - * / ^ **``, ``× · ÷ \times \cdot \div``, ``\frac``, round, curly and square groups.
    ``^`` binds to the right and stronger than a sign (``-2^2`` is -4); exponents must be integers. There is no product
    by juxtaposition (``2(3)`` is None, since ``2 3`` might be a slip).

    >>> evaluate("2^10 - 24"), evaluate(r"\frac{1}{2} \cdot (3 + 5)"), evaluate("9^9^9^9"), evaluate("1 / 0")
    (Fraction(1000, 1), Fraction(4, 1), None, None)
    """
    if len(expression) > MAX_LENGTH:
        return None
    return _Parser(_plain(expression)).run()


class _RefusedError(Exception):
    """The text is not closed arithmetic, or a bound was hit."""


class _Parser:
    """Recursive descent over the text itself; every method starts and ends at ``self.at``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def run(self) -> Fraction | None:
        try:
            value = self.sum()
        except _RefusedError:
            return None
        return value if self.at == len(self.text) else None

    def sum(self) -> Fraction:
        value = self.product()
        while sign := self.take("+", "-"):
            term = self.product()
            value = _bounded(value + term if sign == "+" else value - term)
        return value

    def product(self) -> Fraction:
        value = self.signed()
        while operator := self.take("*", "/"):
            factor = self.signed()
            if operator == "/" and not factor:
                raise _RefusedError
            value = _bounded(value * factor if operator == "*" else value / factor)
        return value

    def signed(self) -> Fraction:
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign == "-"
        value = self.power()
        return -value if negative else value

    def power(self) -> Fraction:
        base = self.atom()
        if not self.take("^"):
            return base
        self.enter()
        exponent = self.signed()
        self.depth -= 1
        return _power(base, exponent)

    def atom(self) -> Fraction:
        """Returns the value of a number, a group or a fraction."""
        self.skip()
        if self.take("frac"):
            top, bottom = self.argument(), self.argument()
            if not bottom:
                raise _RefusedError
            return _bounded(top / bottom)
        if self.text[self.at : self.at + 1] in _CLOSING:
            return self.group()
        match = _NUMBER.match(self.text, self.at)
        value = _literal(match) if match else None
        if match is None or value is None:
            raise _RefusedError
        self.at = match.end()
        self.skip()
        return _bounded(value)

    def group(self) -> Fraction:
        closing = _CLOSING.get(self.text[self.at : self.at + 1])
        if closing is None:
            raise _RefusedError
        self.at += 1
        self.enter()
        value = self.sum()
        self.depth -= 1
        if self.text[self.at : self.at + 1] != closing:
            raise _RefusedError
        self.at += 1
        self.skip()
        return value

    def argument(self) -> Fraction:
        """What TeX takes as an argument: a group, or a single digit."""
        self.skip()
        if digit := _DIGIT.match(self.text, self.at):
            self.at = digit.end()
            self.skip()
            return Fraction(int(digit[0]))
        if self.text[self.at : self.at + 1] != "{":
            raise _RefusedError
        return self.group()

    def take(self, *names: str) -> str | None:
        self.skip()
        for name in names:
            if match := _OPERATORS[name].match(self.text, self.at):
                self.at = match.end()
                self.skip()
                return name
        return None

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _RefusedError


def _plain(text: str) -> str:
    return text.replace("−", "-").replace("–", "-").replace("{,}", ",").replace(",\\!", ",")


def _literal(match: re.Match[str]) -> Fraction | None:
    mantissa = match["mantissa"]
    if len(mantissa) > MAX_DIGITS:
        return None
    value = Fraction(mantissa.replace(",", ""))
    exponent = int(match["exponent"] or 0)
    if abs(exponent) > MAX_BITS // 4:
        return None
    return value * Fraction(10) ** exponent


def _ratio(sign: str, top: str, bottom: str) -> Fraction | None:
    above, below = parse_number(top), parse_number(bottom)
    if above is None or not below:
        return None
    return -above / below if sign == "-" else above / below


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or (base == 0 and exponent <= 0):
        raise _RefusedError
    if abs(base) in (0, 1):
        return base if exponent % 2 else abs(base)
    if abs(exponent) * _bits(base) > 2 * MAX_BITS:
        raise _RefusedError
    return _bounded(base ** int(exponent))


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _bounded(value: Fraction) -> Fraction:
    if _bits(value) > MAX_BITS:
        raise _RefusedError
    return value
