r"""Finds explicit equations in a solution and checks them exactly: "11 + 12 = 13, so ..." is a false step.

A false alarm costs a good sample, a miss keeps a doubtful one, so only what is certainly closed arithmetic between
numbers is judged. A line is cut into tokens; a *run* is a stretch of numbers, operators, brackets and ``=``; it is a
chain of sides, and neighbouring sides are compared by ``rft.expressions.exact``. Whatever else stands in the line ends
the run, and if it could belong to the arithmetic (a variable, a unit between numbers, ``%``, ``of``, ``times``, ``!``),
the side that it touches is not judged. Not false, though not equal to the letter: a value rounded as printed
(10/3 = 3.33), a difference below 1 % where decimals are about, and a running calculation (10 - 3 = 7 - 2 = 5).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from rft.expressions.exact import evaluate

ROUNDING = Fraction(1, 100)
"""With decimals about, people round as they go: below this share a difference is not certainly false."""

_CLOCK = re.compile(r"0\d")
_MARK = re.compile(r"<<([^<>]*)>>")
_TIDY = (
    (re.compile(r"\\(?:left|right)(?![A-Za-z])|\\[,;:!]"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\[dtc]frac"), r"\\frac"),
    (re.compile(r"\^\s?\{\s?(-?\d+)\s?\}"), r"^(\1)"),
    (re.compile(r"(?<=[\d)]) [xX] (?=[\d($.])|(?<=[1-9])[xX](?=\d)"), " * "),
    (re.compile(r"(?<=[\d)])\*\*(?=[\d(])|(?<=[\d)]) \*\* (?=[\d(])"), "^"),
)
_GROUP = r"\{[\d\s.,+\-*/()]{1,40}\}"
_WHOLE = (
    r"(?![\d\w°²³′%‰¢]|\\%|[.,:]\d)"  # what follows a number that is no part of a percentage, clock time, unit, ...
)
_TOKEN = re.compile(
    rf"""(?P<space>[^\S\n]+)
      | (?P<number>\\frac{_GROUP}{_GROUP} | (?<!\d[.,:])(?:(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?|\.\d+){_WHOLE})
      | (?P<pause>\\\\|\\[()\[\]]|\*\*|[\n,;:?!"'`&\[\]{{}}|<>→⇒∴•—]|\.(?!\.))
      | (?P<operator>[-+*/^×÷·⋅−–]|\\(?:times|cdot|div)(?![A-Za-z]))
      | (?P<equals>(?<![<>!:=~+\-*/])=(?![=>~]))
      | (?P<open>\() | (?P<close>\)) | (?P<currency>\\?[$€£])
      | (?P<word>\\?[A-Za-z]+(?!\w))
      | (?P<other>\w+|\.+|.)""",
    re.VERBOSE,
)
_INNER = frozenset({"number", "operator", "open", "close"})
_BEFORE = re.compile(
    r"times|plus|minus|multipl(?:ied|ying)|divided|by|over|of|half|twice|double|triple|thrice|than|less|more|percent|mod|root"
    r"|squared?|cubed?|log|ln|sin|cos|tan|lcm|gcd|to|and|from|add(?:ing)?|subtract(?:ing)?|with|between|or|average|step"
    r"|problem|question|part|case|day|week|month|year|chapter|equation|option|example|round|level|number|figure|no",
    re.IGNORECASE,
)
"""A run that follows one of these may go on to its left, or begin with a label."""
_AFTER = re.compile(
    r"times|plus|minus|multiplied|divided|squared|cubed|percent|\\?[pb]?mod|rem(?:ainder)?|hundred|thousand|(?:m|b|tr)illion"
    r"|dozens?|cents?|half|over|factorial|choose",
    re.IGNORECASE,
)
"""A run that one of these follows may go on to its right."""
_TEXT = frozenset({"\\text", "\\textbf", "\\mathrm", "\\quad", "\\qquad", "\\implies", "\\Rightarrow", "\\end"})
_LINE_END = ("\n", "\\\\", "&")
_MINUS = ("-", "−", "–")
_SETTING = re.compile(r"\bbase[- ]?_?(?:\d|two|three|eight|ten)|\b(?:binary|octal|hexadecimal|[pb]?mod|modulo)\b", re.I)
"""Where such words stand, numerals or ``=`` may not mean what they usually do."""


@dataclass(frozen=True, slots=True)
class FalseEquation:
    """Two neighbouring sides that are certainly not equal."""

    text: str
    """As it stood, but for spacing and LaTeX niceties."""
    left: Fraction
    right: Fraction


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    spaced: bool
    """White space, or nothing at all, stood before it."""


_EDGE = _Token("pause", "\n", True)


@dataclass(frozen=True, slots=True)
class _Side:
    text: str
    numbers: tuple[str, ...]
    value: Fraction | None
    """None: not closed arithmetic, or it may go on beyond the run."""
    computed: bool
    """It holds an operator that takes two operands."""


def false_equations(text: str) -> list[FalseEquation]:
    """Returns the explicit equations in a text that are certainly false, in order.

    >>> [found.text for found in false_equations("11 + 12 = 13, so 44 + 39 = 83")]
    ['11 + 12 = 13']
    """
    if "=" not in text or _SETTING.search(text):
        return []
    parts = [_MARK.sub("", text), *(mark[1] for mark in _MARK.finditer(text))]
    return [found for part in parts for sides in _chains(_tokens(part)) for found in _judge(sides)]


def _tokens(text: str) -> list[_Token]:
    for pattern, replacement in _TIDY:
        text = pattern.sub(replacement, text)
    tokens: list[_Token] = []
    spaced = True
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        # a currency sign inside a run says nothing; at the edge of one it may end a formula
        if kind == "currency" and tokens and tokens[-1].kind in ("operator", "equals"):
            continue
        if kind != "space":
            tokens.append(_Token(kind, match[0], spaced))
        spaced = kind == "space" or match[0] == "\n"
    return _without_bullets(_without_loose_brackets(tokens))


def _without_loose_brackets(tokens: list[_Token]) -> list[_Token]:
    """Brackets that do not enclose plain arithmetic become pauses."""
    opened: list[int] = []
    kept: set[int] = set()
    for i, token in enumerate(tokens):
        if token.kind == "open":
            opened.append(i)
        elif token.kind == "close" and opened:
            kept |= {opened.pop(), i}
        elif token.kind not in _INNER:
            opened.clear()
    loose = {i for i, token in enumerate(tokens) if token.kind in ("open", "close")} - kept
    return [replace(token, kind="pause") if i in loose else token for i, token in enumerate(tokens)]


def _without_bullets(tokens: list[_Token]) -> list[_Token]:
    """A sign that opens a line, with a space behind it, is a bullet."""
    return [
        replace(token, kind="pause") if token.kind == "operator" and before.text == "\n" and after.spaced else token
        for before, token, after in zip([_EDGE, *tokens], tokens, [*tokens[1:], _EDGE], strict=False)
    ]


def _chains(tokens: list[_Token]) -> Iterator[list[_Side]]:
    """Yields the sides of every run that holds an equals sign."""
    start = 0
    while start < len(tokens):
        end = start
        while end < len(tokens) and (tokens[end].kind in _INNER or tokens[end].kind == "equals"):
            end += 1
        run = tokens[start:end]
        cuts = [i for i, token in enumerate(run) if token.kind == "equals"]
        if cuts:
            sides = [_side(run[a + 1 : b]) for a, b in pairwise([-1, *cuts, len(run)])]
            if not _starts_here(tokens, start):
                sides[0] = replace(sides[0], value=None)
            if not _ends_here(tokens, end):
                sides[-1] = replace(sides[-1], value=None)
            yield sides
        start = end + 1


def _side(span: Sequence[_Token]) -> _Side:
    text = "".join(f" {token.text}" if token.spaced else token.text for token in span).strip()
    numbers = tuple(token.text for token in span if token.kind == "number")
    computed = any(token.kind == "operator" for token in span[1:]) or any("frac" in number for number in numbers)
    value = None if _ambiguous(span) else evaluate(text)
    return _Side(text, numbers, value, computed)


def _ambiguous(span: Sequence[_Token]) -> bool:
    """Whether a side may mean something else: 25 / 1/3, -2^2, 0900-0130 (clock), 3-5 (range)."""
    signs = [token.text for token in span if token.kind == "operator"]
    if ("/", "/") in pairwise(signs) or (len(span) > 2 and span[0].text in _MINUS and span[2].text == "^"):
        return True
    if any(token.kind == "number" and _CLOCK.match(token.text) for token in span):
        return True
    if len(span) != 3 or span[1].text not in _MINUS or span[1].spaced:
        return False
    low, high = evaluate(span[0].text), evaluate(span[2].text)
    return low is not None and high is not None and low < high


def _starts_here(tokens: Sequence[_Token], start: int) -> bool:
    """Whether nothing to the left of a run can belong to its first side."""
    first, second = (*tokens[start : start + 2], _EDGE)[:2]
    i = start - 1
    while i >= 0 and (tokens[i].kind == "currency" or tokens[i].text in _LINE_END):
        i -= 1
    before = tokens[i] if i >= 0 else _EDGE
    fresh = i < 0 or any(token.text in _LINE_END for token in tokens[i + 1 : start])
    if before.kind == "operator" or (first.kind == "operator" and (first.text not in _MINUS or second.spaced)):
        return False
    if fresh:
        return True
    if before.kind == "pause":
        return before.text not in ("}", "|") and (before.text not in (")", "]") or tokens[i + 1].spaced)
    # a lone number after a word may be a label: "Day 2 = 3 + 4"
    plain = before.kind == "word" and len(before.text) > 1 and before.text.isalpha()
    sound = first.kind == "number" and tokens[i + 1].spaced and second.kind != "equals"
    total = [token.text for token in tokens[max(i - 1, 0) : i + 1]] == ["total", "of"]
    return plain and sound and (total or not _BEFORE.fullmatch(before.text))


def _ends_here(tokens: Sequence[_Token], end: int) -> bool:
    """Whether nothing to the right of a run can belong to its last side."""
    i = end
    while i < len(tokens) and (tokens[i].kind == "currency" or tokens[i].text in _LINE_END):
        i += 1
    after, beyond = (*tokens[i : i + 2], _EDGE, _EDGE)[:2]
    if after.kind == "operator":
        return False
    if any(token.text in _LINE_END for token in tokens[end:i]):
        return True
    if after.kind == "word":
        known = after.text in _TEXT or after.text in ("a", "A", "I") or (len(after.text) > 1 and after.text.isalpha())
        mixed = after.text == "and" and (beyond.kind == "number" or beyond.text in ("a", "one"))  # 3 and a half
        return known and after.spaced and not mixed and not _AFTER.fullmatch(after.text)
    if after.kind != "pause" or after.text == "?" or (after.text == "!" and not after.spaced):
        return False
    if after.text in ("(", "[", "{"):
        return after.spaced and not _AFTER.fullmatch(beyond.text)
    return after.text != ":" or not after.spaced


def _judge(sides: Sequence[_Side]) -> Iterator[FalseEquation]:
    for left, right in pairwise(sides):
        if left.value is None or right.value is None or not (left.computed or right.computed):
            continue
        if not _agree(left, left.value, right, right.value):
            yield FalseEquation(f"{left.text} = {right.text}", left.value, right.value)


def _agree(left: _Side, a: Fraction, right: _Side, b: Fraction) -> bool:
    gap = abs(a - b)
    if gap == 0 or (right.computed and evaluate(right.numbers[0]) == a):
        return True
    decimals = any("." in number for number in (*left.numbers, *right.numbers))
    if decimals and gap <= ROUNDING * max(abs(a), abs(b)):
        return True
    return any(gap < _last_place(side) for side in (left, right) if not side.computed)


def _last_place(side: _Side) -> Fraction:
    """The worth of a plain number's last printed digit: 1/100 for 3.33. Covers rounding and cutting off."""
    return Fraction(1, 10 ** len(side.numbers[0].partition(".")[2]))
