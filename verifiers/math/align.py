"""Brings collections to forms that can be compared: inequalities to intervals, columns to tuples, items to keys."""

from collections.abc import Sequence

from rft.verifiers.math.intervals import as_intervals
from rft.verifiers.math.numbers import read_quantity
from rft.verifiers.math.shape import Shape, read_shape
from rft.verifiers.math.statement import RELATION_SIGN, is_name, read_statement
from rft.verifiers.math.text import words


def is_otherwise(branch: Shape) -> bool:
    """Returns whether a branch of a piecewise function has no condition of its own."""
    return len(branch.items) < 2 or (words(branch.items[1].text) or "") in ("otherwise", "else", "elsewhere")


def are_numbers(collection: Shape) -> bool:
    """Returns whether no item is made of words."""
    return all(words(item.text) is None for item in collection.items)


def named_apart(collection: Shape) -> bool:
    """Returns whether the items are values of different names."""
    names = {read_statement(item.text).name for item in collection.items if item.kind == "value"}
    return len(names) > 1


def key(item: Shape) -> str:
    """Returns a text that is equal for equal numbers however they are written, else the item's own."""
    number = read_quantity(item.text) if item.kind == "value" else None
    return f"{number.value}" if number and not number.unit and not number.percent else item.text


def aligned(gold: Shape, answer: Shape) -> tuple[Shape, Shape]:
    """Returns two forms of one thing in one form: x = (1, 2), a column and a tuple, an inequality and an interval."""
    gold, answer = _unnamed(gold), _unnamed(answer)
    if gold.kind != answer.kind:
        if "()" in (gold.kind, answer.kind):
            gold, answer = _as_tuple(gold), _as_tuple(answer)
        gold, answer = _as_set(gold), _as_set(answer)
    elif gold.kind == "matrix" and len(gold.items) != len(answer.items):
        gold, answer = _as_tuple(gold), _as_tuple(answer)
    return gold, answer


def _unnamed(shape: Shape) -> Shape:
    if shape.kind != "value":
        return shape
    stated = read_statement(shape.text)
    return read_shape(stated.value) if stated.name else shape


def _as_tuple(shape: Shape) -> Shape:
    """A matrix of one row or one column as a tuple."""
    if shape.kind != "matrix":
        return shape
    rows: Sequence[Sequence[Shape]] = [row.items for row in shape.items]
    if len(rows) == 1:
        return Shape("()", tuple(rows[0]), shape.text)
    return Shape("()", tuple(row[0] for row in rows), shape.text) if all(len(row) == 1 for row in rows) else shape


def _as_set(shape: Shape) -> Shape:
    """An inequality, or a list of them, as an interval or a union."""
    if shape.kind == "value":
        return as_intervals(shape.text) or shape
    if shape.kind == "list" and shape.joined != "and":
        intervals = [as_intervals(item.text) if item.kind == "value" else None for item in shape.items]
        names = {bounded_name(item.text) for item in shape.items}
        if all(intervals) and len(names) == 1:
            return Shape("union", tuple(item for item in intervals if item), shape.text)
    return shape


def bounded_name(text: str) -> str:
    """Returns the name that an inequality bounds, "" when there is none."""
    return next((part for part in RELATION_SIGN.split(text) if is_name(part)), "")
