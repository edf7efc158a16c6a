"""Compares what a program wrote with what it should have written. Pure, and outside of any sandbox.

The number of lines comes first: a program that stops half-way never passes on the half that is right. Then lines are
equal as texts, but for white space at their ends; tokens and numbers count only where the reference says so.
"""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d{1,4}+)?+", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def difference(seen: str, expected: str, tokens: bool = False, tolerance: float | None = None) -> str | None:
    """Returns the first difference in words, or None where there is none.

    Args:
        seen: what the program wrote.
        expected: what it should have written.
        tokens: white space only separates: line ends and runs of blanks do not count.
        tolerance: numbers may differ by so much, or by so large a part of the expected one if that is above 1.
            Two whole numbers never may.

    >>> difference("1 2\\n3 \\n\\n", "1 2\\n3")
    >>> difference("1 2\\n", "1 2\\n3\\n")
    '1 line, expected 2'
    >>> difference("0.3333", "0.333333", tolerance=1e-3)
    """
    if tokens:
        return _tokens(seen.split(), expected.split(), tolerance)
    ours, theirs = _lines(seen), _lines(expected)
    if len(ours) != len(theirs):
        return f"{_count(len(ours), 'line')}, expected {len(theirs)}"
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if one == other:
            continue
        if tolerance is None:
            return f"line {number}: saw {_quoted(one)}, expected {_quoted(other)}"
        found = _tokens(one.split(), other.split(), tolerance)
        if found:
            return f"line {number}, {found}"
    return None


def _tokens(seen: Sequence[str], expected: Sequence[str], tolerance: float | None) -> str | None:
    if len(seen) != len(expected):
        return f"{_count(len(seen), 'token')}, expected {len(expected)}"
    for number, (one, other) in enumerate(zip(seen, expected, strict=True), 1):
        if one != other and not (tolerance is not None and _near(one, other, tolerance)):
            return f"token {number}: saw {_quoted(one)}, expected {_quoted(other)}"
    return None


def _near(seen: str, expected: str, tolerance: float) -> bool:
    if not (_NUMBER.fullmatch(seen) and _NUMBER.fullmatch(expected)):
        return False
    if _WHOLE.fullmatch(seen) and _WHOLE.fullmatch(expected):
        return _plain(seen) == _plain(expected)
    one, other = float(seen), float(expected)
    return abs(one - other) <= tolerance * max(1.0, abs(other))  # false for inf - inf, which is nan


def _plain(whole: str) -> str:
    """A whole number's one spelling; int() refuses very long ones."""
    digits = whole.lstrip("+-").lstrip("0")
    return "-" + digits if whole[0] == "-" and digits else digits


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
