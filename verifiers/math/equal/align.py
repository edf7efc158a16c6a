"""Brings collections to forms that can be compared: inequalities to intervals, columns to tuples, items to keys."""

from collections.abc import Sequence

from rft.verifiers.math.equal.calculation import left_undone
from rft.verifiers.math.read.intervals import as_intervals
from rft.verifiers.math.read.numbers import read_quantity
from rft.verifiers.math.read.shape import AnswerShape, read_shape
from rft.verifiers.math.read.statement import ORDER_SIGN, RELATION_SIGN, is_name, read_statement
from rft.verifiers.spelling.latex import words


def is_otherwise(branch: AnswerShape) -> bool:
    """Returns whether a branch of a piecewise function has no condition of its own."""
    return len(branch.items) < 2 or (words(branch.items[1].text) or "") in ("otherwise", "else", "elsewhere")


def are_values(collection: AnswerShape) -> bool:
    """Returns whether no item is made of words or an inequality: then *and* and *or* say the same."""
    return all(words(item.text) is None and not ORDER_SIGN.search(item.text) for item in collection.items)


def named_apart(collection: AnswerShape) -> bool:
    """Returns whether the items are values of different names."""
    names = {read_statement(item.text).name for item in collection.items if item.kind == "value"}
    return len(names) > 1


def key(item: AnswerShape) -> str:
    """Returns a text that is equal for equal numbers however they are written, else the item's own."""
    number = read_quantity(item.text) if item.kind == "value" else None
    plain = number is not None and not number.unit and not number.percent and not left_undone(item.text)
    return f"{number.value}" if number and plain else item.text


def aligned(gold: AnswerShape, answer: AnswerShape) -> tuple[AnswerShape, AnswerShape]:
    """Returns two forms of one thing in one form: x = (1, 2), a column and a tuple, an inequality and an interval."""
    gold, answer = _unnamed(gold), _unnamed(answer)
    if gold.kind != answer.kind:
        gold, answer = _as_point(gold, answer), _as_point(answer, gold)
        if "()" in (gold.kind, answer.kind):
            gold, answer = _as_tuple(gold), _as_tuple(answer)
        gold, answer = _as_set(gold), _as_set(answer)
    elif gold.kind == "matrix" and len(gold.items) != len(answer.items):
        gold, answer = _as_tuple(gold), _as_tuple(answer)
    return gold, answer


def _unnamed(shape: AnswerShape) -> AnswerShape:
    if shape.kind != "value":
        return shape
    stated = read_statement(shape.text)
    return read_shape(stated.value) if stated.name else shape


def _as_tuple(shape: AnswerShape) -> AnswerShape:
    """A matrix of one row or one column as a tuple."""
    if shape.kind != "matrix":
        return shape
    rows: Sequence[Sequence[AnswerShape]] = [row.items for row in shape.items]
    if len(rows) == 1:
        return AnswerShape("()", tuple(rows[0]), shape.text)
    return AnswerShape("()", tuple(row[0] for row in rows), shape.text) if all(len(row) == 1 for row in rows) else shape


def _as_set(shape: AnswerShape) -> AnswerShape:
    """An inequality, or a list of them, as an interval or a union."""
    if shape.kind == "value":
        return as_intervals(shape.text) or shape
    if shape.kind == "list":
        intervals = [as_intervals(item.text) if item.kind == "value" else None for item in shape.items]
        names = {bounded_name(item.text) for item in shape.items}
        known = tuple(item for item in intervals if item)
        if len(known) == len(shape.items) and len(names) == 1:
            return _between(known, shape) if shape.joined == "and" else AnswerShape("union", known, shape.text)
    return shape


def _between(intervals: tuple[AnswerShape, ...], shape: AnswerShape) -> AnswerShape:
    """What x > 3 and x < 5 have in common; other conjunctions stay as they are."""
    low = [item for item in intervals if len(item.items) == 2 and item.items[1].text == r"\infty"]
    high = [item for item in intervals if len(item.items) == 2 and item.items[0].text == r"-\infty"]
    if len(intervals) != 2 or len(low) != 1 or len(high) != 1:
        return shape
    return AnswerShape(low[0].kind[0] + high[0].kind[1], (low[0].items[0], high[0].items[1]), shape.text)


def _as_point(shape: AnswerShape, other: AnswerShape) -> AnswerShape:
    """x = 1, y = 2 as the point (1, 2) where the other is one; the names stand in the order of the alphabet."""
    if other.kind != "()" or shape.kind != "list" or not all(item.kind == "value" for item in shape.items):
        return shape
    stated = [read_statement(item.text) for item in shape.items]
    names = [statement.name or "" for statement in stated]
    if not all(names) or len(set(names)) < len(names) or names != sorted(names):
        return shape
    return AnswerShape("()", tuple(read_shape(statement.value) for statement in stated), shape.text)


def bounded_name(text: str) -> str:
    """Returns the name that an inequality bounds, "" when there is none."""
    sides = RELATION_SIGN.split(text)[::2]
    return sides[1] if len(sides) == 3 else next((side for side in sides if is_name(side)), "")
