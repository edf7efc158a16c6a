r"""Reads sets of reals written as inequalities: ``1 < x \le 2``, ``x \ne 2``, ``\mathbb{R} \setminus \{2\}``."""

import re
from fractions import Fraction
from itertools import pairwise

from rft.verifiers.math.read.numbers import read_quantity
from rft.verifiers.math.read.shape import AnswerShape, read_shape
from rft.verifiers.math.read.statement import ORDER_SIGN, is_name

_REALS = re.compile(
    r"(?:[a-zA-Z]\s*\\in\s*)?\\mathbb\s*\{?R\}?"
    r"|\\text\s*\{\s*(?:all reals|(?:all )?real numbers?)\s*\}|(?:all )?real numbers",
    re.IGNORECASE,
)
_ALL_BUT = re.compile(
    r"(?:(?P<name>[^=<>]{1,20}?)\s*\\ne\s*(?P<point>[^=<>]{1,80})"
    r"|(?:[a-zA-Z]\s*\\in\s*)?\\mathbb\s*\{?R\}?\s*(?:\\setminus|-)\s*\\\{(?P<points>[^{}]{1,80})\\\})"
)


def as_intervals(text: str) -> AnswerShape | None:
    r"""Returns the interval or union that a set of real numbers is, or None when it is none.

    >>> as_intervals(r"x \ne 2").kind, as_intervals(r"\mathbb{R}").kind, as_intervals("1 < x").kind
    ('union', '()', '()')
    """
    if _REALS.fullmatch(text):
        return _between(r"-\infty", r"\infty")
    if match := _ALL_BUT.fullmatch(text):
        if not (match["name"] is None or is_name(match["name"])):
            return None
        out = read_shape(match["point"] or match["points"])
        points = out.items if out.kind == "list" else (out,)
        if any(read_quantity(point.text) is None for point in points):
            return None if len(points) > 1 else _without(points, text)
        return _without(tuple(sorted(points, key=_place)), text)
    return as_interval(text)


def _place(point: AnswerShape) -> Fraction:
    number = read_quantity(point.text)
    return number.value if number else Fraction(0)


def _without(points: tuple[AnswerShape, ...], text: str) -> AnswerShape:
    ends = [r"-\infty", *(point.text for point in points), r"\infty"]
    return AnswerShape("union", tuple(_between(low, high) for low, high in pairwise(ends)), text)


def _between(low: str, high: str) -> AnswerShape:
    return AnswerShape("()", (read_shape(low), read_shape(high)), f"({low},{high})")


def as_interval(text: str) -> AnswerShape | None:
    r"""Returns the interval that an inequality in one name describes, or None when it is no such inequality.

    >>> as_interval(r"1 < x \le 2").kind, as_interval("x > 3").kind, as_interval("x + y > 3")
    ('(]', '()', None)
    """
    parts = ORDER_SIGN.split(text)
    if len(parts) == 3:
        if is_name(parts[0]) and is_name(parts[2]):
            return None  # which of the two is bounded, nobody can tell
        value, sign, name = parts if is_name(parts[2]) else (parts[2], _turned(parts[1]), parts[0])
        parts = [value, sign, name, "<", ""] if sign in ("<", r"\le") else ["", "<", name, _turned(sign), value]
    if len(parts) != 5 or not is_name(parts[2]) or "=" in text:
        return None
    left, first, _, second, right = parts
    if (first in ("<", r"\le")) != (second in ("<", r"\le")):
        return None
    if first in (">", r"\ge"):
        left, first, second, right = right, _turned(second), _turned(first), left
    low = read_shape(left or r"-\infty")
    high = read_shape(right or r"\infty")
    kind = ("(" if first == "<" or not left else "[") + (")" if second == "<" or not right else "]")
    return AnswerShape(kind, (low, high), text)


def _turned(sign: str) -> str:
    return {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}[sign]
