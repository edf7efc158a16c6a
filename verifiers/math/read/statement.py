r"""Reads what an answer says about a value: ``x = 3``, ``f(2) = \frac12``, ``2x + 3y = 6``, ``1 < x \le 2``.

A *name* on the left only says what the value is of. Any other equation or inequality is a relation, and a relation is
never reduced to its right-hand side: ``2x + 3 = 5`` does not answer 5. (Reducing both sides of a pair to numbers makes
different lines equal: Math-Verify issues 27 and 60.)
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rft.expressions.algebra import real_value
from rft.expressions.grammar import SyntaxRefusedError
from rft.expressions.syntax import parse
from rft.expressions.value import Number
from rft.verifiers.math.read.numbers import read_quantity, same_quantity
from rft.verifiers.spelling.latex import tight

_EQUALS = re.compile(r"(?<![<>!])=")
ORDER_SIGN = re.compile(r"\s*(<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z]))\s*")
RELATION_SIGN = re.compile(r"\s*(=|<|>|\\(?:le|ge|ne)(?![a-zA-Z]))\s*")
_APPROX = re.compile(r"\s*\\(?:approx|simeq)(?![a-zA-Z])\s*")
_DECIMAL = re.compile(r"\s*-?\s*(?:\\\$)?\s*((?:\d[\d,]{0,50})(?:\.(\d{0,50}))?)")
_NOISE = re.compile(
    r"\\(?:angle|triangle|overline|vec|hat|bar|measuredangle|text)(?![a-zA-Z])|_\{[^{}]*\}|\^\{-1\}(?=\()|'"
)
_DENIED = re.compile(r"\b(?:not|false|never|no|isn|wrong|unless|if)\b", re.IGNORECASE)
_GREEK = re.compile(
    r"\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|theta|lambda|mu|rho|sigma|tau|phi|varphi|omega|Delta)(?![a-zA-Z])"
)
_NAME = re.compile(r"[A-Za-z{}|\[\]., ]{0,50}[A-Za-z]\}*\|?\]?(?:\([A-Za-z0-9,\\{}]{1,20}\))?")
MAX_CHAIN = 20
"""Equals signs in a row; more is no answer."""
CLOSE = 1e-3
"""How far the parts of a chain may lie apart: x = 2/3 = 0.667 is no contradiction."""
_CONSTANTS = frozenset({"e", "i", "pi"})


@dataclass(frozen=True, slots=True)
class Statement:
    """An answer taken apart at its equals signs."""

    name: str | None
    """What the value is of, where that was said."""
    value: str
    """The value; the whole text for a relation."""
    relation: bool
    """Whether it is an equation or inequality that does not just name its value."""


@lru_cache(1_024)
def read_statement(text: str) -> Statement:
    """Returns the statement that a single value in canonical LaTeX makes."""
    if not RELATION_SIGN.search(text):
        return Statement(None, text, False)
    outer = without_groups(text)
    parts = [part.strip() for part in split_at(text, outer, _EQUALS)]
    if len(parts) > 1 and all(parts) and not ORDER_SIGN.search(outer):
        if is_name(parts[0]) and not _contradicts(parts[1:]):
            return Statement(tight(parts[0]), parts[-1], False)
        if is_name(parts[-1]) and len(parts) == 2 and not re.search("[a-zA-Z]", parts[0]):
            return Statement(tight(parts[-1]), parts[0], False)
    return Statement(None, text, bool(RELATION_SIGN.search(outer)))


def without_groups(text: str) -> str:
    """Returns a text of the same length with a dot for everything inside brackets and braces."""
    depth, signs = 0, []
    for place, sign in enumerate(text):
        escaped = text[place - 1 : place] == "\\"
        depth += (sign in "{([" and not escaped) - (sign in "})]" and not escaped)
        signs.append(sign if depth <= 0 else ".")
    return "".join(signs)


def split_at(text: str, outer: str, sign: re.Pattern[str]) -> list[str]:
    """Returns the parts of a text between the signs that stand outside its groups."""
    parts, start = [], 0
    for found in sign.finditer(outer):
        parts.append(text[start : found.start()])
        start = found.end()
    return [*parts, text[start:]]


def _contradicts(chain: list[str]) -> bool:
    """Whether a chain of equals signs joins different numbers: x = 41 = 42 answers nothing."""
    numbers = [number for part in chain if (number := read_quantity(part)) is not None]
    if any(not same_quantity(number, numbers[0]) for number in numbers):
        return True
    if len(chain) > MAX_CHAIN:
        return True
    values = [value for part in chain if (value := _value(part)) is not None] if len(chain) > 1 else []
    return any(abs(value - values[0]) > abs(values[0]) * CLOSE for value in values)


def _value(text: str) -> Number | None:
    """The value of a closed expression, roughly; None for anything else."""
    try:
        return real_value(parse(tight(text)))
    except SyntaxRefusedError:
        return None


def is_name(text: str) -> bool:
    r"""Whether a text names a quantity: ``x``, ``a_{10}``, ``f(2)``, ``\angle ABC``, ``\text{Area}``; not ``2x``."""
    plain = _GREEK.sub("g", _NOISE.sub("", tight(text)))
    return bool(_NAME.fullmatch(plain)) and plain not in _CONSTANTS and not _DENIED.search(text)


def split_approximations(text: str) -> tuple[str, tuple[str, ...]]:
    r"""Returns what stands before ``\approx``, unless it only names what follows, and what is said to be near it.

    >>> split_approximations(r"\frac{1}{3} \approx 0.33"), split_approximations(r"x \approx 0.33")
    (('\\frac{1}{3}', ('0.33',)), ('0.33', ()))
    """
    first, *others = _APPROX.split(text)
    if others and (is_name(first) or not first):
        first, *others = others
    return first, tuple(others)


def printed_step(text: str) -> Fraction | None:
    r"""Returns the last printed place of a decimal number, with its percent sign or scale; None for anything else.

    >>> printed_step("0.33"), printed_step(r"33.3%")
    (Fraction(1, 100), Fraction(1, 1000))
    """
    match, quantity = _DECIMAL.match(text), read_quantity(text)
    if match is None or quantity is None:
        return None
    written = Fraction(match[1].replace(",", ""))
    scale = abs(quantity.value / written) if written else Fraction(1)
    return scale / Fraction(10 ** len(match[2] or ""))
