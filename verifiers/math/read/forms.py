r"""Reads the small notations that are neither numbers nor expressions: ``2:3``, ``1010_2``, ``(C) 42``."""

import re
from dataclasses import dataclass
from fractions import Fraction

from rft.verifiers.spelling.latex import tight
from rft.verifiers.spelling.units import read_unit

_RATIO = re.compile(r"[^:]{1,60}(?::[^:]{1,60}){1,5}")
_RATIO_WORD = re.compile(r"\s*\\text\s*\{\s*to\s*\}\s*|(?<=[\d}) ])\s*\bto\b\s*(?=[\d\\( ])")
_BASE = re.compile(r"\(?(?P<digits>-?(?=[A-F]*\d|[A-F]{2})[0-9A-F]+(?:\.[0-9A-F]+)?)\)?_\{(?P<base>[^{}]*)\}")
_BASE_WORD = re.compile(
    r"(?P<digits>-?(?=[A-F]*\d)[0-9A-F.]+),? ?(?:\\text\s*\{)?\s*(?:in )?base[ -](?P<base>\w+)\s*\}?"
)
_BASES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "sixteen": 16,
}  # fmt: skip
_CHOICE = re.compile(
    r"(?:(?:option|choice|answer)\s*:?\s*)?(?:\((?P<bracketed>[A-Ja-j])\)|(?P<bare>[A-J])(?=[.):]|\s*$))[.):]?\s*(?P<rest>.*)",
    re.DOTALL,
)
_ANOTHER = re.compile(
    r"\s*(?:[,/&;、|+-]|or\b|and\b)|\(\s*[A-Ja-j]\s*\)|\b[A-J][.):]|\b[A-J]\s*$"
    r"|\b(?:not|wrong|incorrect|maybe|perhaps|or|guess|unsure)\b",
    re.IGNORECASE,
)
"""What may not follow a letter: another one, or a doubt."""
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([^\W\d_]{1,20})")
_COMPOUND = re.compile(
    r"\s*(?:\d{1,9}(?:\.\d{1,9})?\s*[^\W\d_]{1,20}\s+){1,3}\d{1,9}(?:\.\d{1,9})?\s*[^\W\d_]{1,20}\s*"
)
_TEXT_OPEN = re.compile(r"\\text\s*\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Based:
    """Digits and the base they are written in."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A letter of a multiple-choice question, and the text that was written behind it."""

    letter: str
    text: str


def read_ratio(canonical_text: str) -> tuple[str, ...] | None:
    r"""Returns the parts of a ratio, or None when it is none.

    >>> read_ratio("2 : 3"), read_ratio(r"2\text{ to }3"), read_ratio("23")
    (('2', '3'), ('2', '3'), None)
    """
    if ":" not in canonical_text and "to" not in canonical_text:
        return None
    text = _RATIO_WORD.sub(":", canonical_text)
    if not _RATIO.fullmatch(text):
        return None
    parts = tuple(part.strip() for part in text.split(":"))
    return parts if all(parts) else None


def read_compound(canonical_text: str) -> tuple[tuple[str, str], ...] | None:
    r"""Returns the amounts and units of a quantity in several units, largest first, or None when it is none.

    >>> read_compound(r"2\text{ h }30\text{ min}"), read_compound("2 hours 30 minutes"), read_compound("2 hours")
    ((('2', 'h'), ('30', 'min')), (('2', 'h'), ('30', 'min')), None)
    """
    text = _TEXT_OPEN.sub(r" \1 ", canonical_text).replace(",", " ").replace(" and ", " ")
    if not _COMPOUND.fullmatch(text):
        return None
    parts = [(amount, read_unit([word.lower()], one=True)) for amount, word in _AMOUNT.findall(text)]
    return tuple((amount, unit) for amount, unit in parts if unit) if all(unit for _, unit in parts) else None


def read_based(canonical_text: str) -> Based | None:
    r"""Returns the digits and base of a number that says in which base it is written.

    >>> read_based("1010_{2}"), read_based("1010_{5x}")
    (Based(digits='1010', base=2), None)
    """
    if "_" not in canonical_text and "base" not in canonical_text:
        return None
    match = _BASE.fullmatch(_TEXT_OPEN.sub(r"\1", tight(canonical_text))) or _BASE_WORD.fullmatch(canonical_text)
    if match is None:
        return None
    named = _TEXT_OPEN.sub(r"\1", match["base"]).strip().lower().removeprefix("base").strip()
    base = int(named) if named.isascii() and named.isdigit() and len(named) < 3 else _BASES.get(named, 0)
    digits = match["digits"].lstrip("0") or "0"
    known = all(int(digit, 16) < base for digit in digits if digit not in "-.")
    return Based(digits, base) if 2 <= base <= 36 and known else None


def read_choice(canonical_text: str) -> Choice | None:
    r"""Returns the letter that an answer chooses, or None when it chooses none.

    >>> read_choice("(C) 42"), read_choice("Option B"), read_choice("C = 5")
    (Choice(letter='C', text='42'), Choice(letter='B', text=''), None)
    """
    text = _TEXT_OPEN.sub(r"\1", canonical_text).strip() if "\\" in canonical_text else canonical_text
    match = _CHOICE.fullmatch(_capital(text)) if text else None
    if match is None or _ANOTHER.search(match["rest"]):
        return None
    return Choice((match["bracketed"] or match["bare"]).upper(), match["rest"].strip())


def _capital(text: str) -> str:
    first, _, rest = text.partition(" ")
    word = first.lower().strip(":")
    return f"{word} {rest}" if word in ("option", "choice", "answer") else text


def proportional(left: tuple[Fraction, ...], right: tuple[Fraction, ...]) -> bool:
    """Whether two ratios of numbers are the same."""
    if len(left) != len(right) or not left[0] or not right[0]:
        return False
    return all(a * right[0] == b * left[0] for a, b in zip(left, right, strict=True))
