r"""The rules by which an answer equals a reference. Pure: the symbolic checker comes in as a function.

In this order: equal text; numbers, exactly, with units (final: two plain numbers never go to the symbolic checker);
words; lists, tuples and matrices item by item; named values (``x=3`` for 3, never ``y=3`` for ``x=3``); and only then,
for two single values within the bounds, the symbolic checker. A doubt is a no: a wrong sample that is let through
poisons a training set, a right one that is refused costs one sample.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from rft.verifiers.math.bounds import refuse, refuse_symbolic
from rft.verifiers.math.numbers import read_quantity, without_money
from rft.verifiers.math.shape import Shape, flat, read_shape
from rft.verifiers.math.statement import as_interval, printed_step, read_statement, split_approximations
from rft.verifiers.math.text import canonical, tight, words

Oracle = Callable[[str, str, float], bool]
"""(reference, answer, within), two tight canonical LaTeX of one value -> whether they are equal, or less apart."""

MAX_PAIRS = 150
"""Pairs of items that one comparison of unordered lists may look at, after those with equal text are gone."""
_UNDONE = re.compile(r"[\d)}]\s*(?:[-+]\s*(?=[\d(\\.])|(?:\\times|\\cdot|\*|\\ast)\s*(?!\{?10\}?\s*\^)(?=[\d(\\.]))")
_IN_BASE = re.compile(r"[0-9A-F.]+_\{\d+\}")


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer or reference, read once."""

    shape: Shape
    near: tuple[str, ...] = ()
    """What was said to be approximately the same; in an answer it must be so to its last printed place."""
    refused: str | None = None
    """Why it is not looked at."""


@dataclass
class Comparison:
    """Compares one reference with one answer and keeps why the symbolic checker was not asked."""

    ask: Oracle
    notes: list[str] = field(default_factory=list)
    on_time: Callable[[], None] = lambda: None
    """Called before every comparison of two parts; raises when the time for this answer is up."""

    def equal(self, reference: Reading, answer: Reading) -> bool:
        """Whether an answer equals a reference. What ``ask`` raises comes through."""
        if reference.refused or answer.refused:
            self.notes.append(answer.refused or f"reference {reference.refused}")
            return False
        if not self._same(reference.shape, answer.shape):
            return False
        if answer.near == reference.near or all(self._near(answer.shape, near) for near in answer.near):
            return True
        self.notes.append("its approximation is another number")
        return False

    def _near(self, exact: Shape, near: str) -> bool:
        """Whether a printed decimal is what an exact value rounds to."""
        step, decimal = printed_step(near), read_quantity(near)
        if exact.kind != "value" or step is None or decimal is None:
            return False
        value = read_statement(exact.text).value
        number = read_quantity(value)
        if number is not None:
            units = {number.unit, decimal.unit} - {""}
            return 2 * abs(number.value - decimal.value) <= step and len(units) < 2
        text = tight(without_money(value))
        fraction = rf"\frac{{{decimal.value.numerator}}}{{{decimal.value.denominator}}}"
        return refuse_symbolic(text) is None and self.ask(fraction, text, float(step) / 2)

    def _same(self, gold: Shape, answer: Shape) -> bool:
        self.on_time()
        if gold.kind == answer.kind and flat(gold) == flat(answer):
            return True
        if gold.kind == answer.kind == "value":
            return self._same_value(gold.text, answer.text)
        gold, answer = _aligned(gold, answer)
        if gold.kind != answer.kind and {gold.kind, answer.kind} != {"list", "set"}:
            return False
        if gold.ordered:
            return len(gold.items) == len(answer.items) and all(map(self._same, gold.items, answer.items))
        return self._same_collection(gold, answer)

    def _same_collection(self, gold: Shape, answer: Shape) -> bool:
        """Whether every item has its partner, in any order; a set counts equal items once."""
        if _named_apart(gold) != _named_apart(answer):  # x = 1, y = 2 against 2, 1: which is which is told by the order
            return len(gold.items) == len(answer.items) and all(map(self._same, gold.items, answer.items))
        keys = [Counter({_key(item): 1 for item in side.items}) for side in (gold, answer)]
        if "set" not in (gold.kind, answer.kind):
            keys = [Counter(map(_key, side.items)) for side in (gold, answer)]
        golds, answers = list((keys[0] - keys[1]).elements()), list((keys[1] - keys[0]).elements())
        if len(golds) != len(answers) or len(golds) ** 2 > MAX_PAIRS:
            return False
        for text in golds:
            partner = next((other for other in answers if self._same(read_shape(text), read_shape(other))), None)
            if partner is None:
                return False
            answers.remove(partner)
        return True

    def _same_value(self, gold: str, answer: str) -> bool:
        numbers = read_quantity(gold), read_quantity(answer)
        if numbers[0] and numbers[1]:
            if left_undone(answer) and not left_undone(gold):
                self.notes.append("a calculation that is left undone")
                return False
            return numbers[0].same(numbers[1])
        gold, answer = without_money(gold), without_money(answer)
        if _IN_BASE.fullmatch(tight(gold)) or _IN_BASE.fullmatch(tight(answer)):
            return False
        said, stated = read_statement(gold), read_statement(answer)
        if said.name and stated.name and said.name != stated.name:
            return False
        if (said.name or stated.name) and not (said.relation or stated.relation):
            return self._same(read_shape(said.value), read_shape(stated.value))
        if said.relation != stated.relation and not (said.name or stated.name):
            return False
        in_words = words(gold), words(answer)
        if in_words[0] or in_words[1]:
            return in_words[0] == in_words[1]
        return self._symbolic(tight(gold), tight(answer))

    def _symbolic(self, gold: str, answer: str) -> bool:
        refused = refuse_symbolic(answer) or refuse_symbolic(gold)
        if refused:
            self.notes.append(f"not asked: {refused}")
            return False
        return not _case_differs(gold, answer) and self.ask(gold, answer, 0.0)


def read(answer: str) -> Reading:
    """Reads an answer or a reference, or says why not."""
    refused = refuse(answer)
    text, near = ("", ()) if refused else split_approximations(canonical(answer))
    refused = refused or refuse(text) or (None if text else "empty")
    return Reading(Shape("value") if refused else read_shape(text), near, refused)


def left_undone(answer: str) -> bool:
    r"""Whether an answer is a sum, a difference or a product that was not worked out.

    Else "47 - 81" would answer "What is 47 - 81?", and repeating the question would be rewarded. Fractions, powers and
    ``3 \times 10^{5}`` are numbers as they stand.

    >>> [left_undone(text) for text in ("47 - 81", r"3 \times 4", r"-3 \times 10^{5}", r"\frac{-1}{2}", "2^{-3}")]
    [True, True, False, False, False]
    """
    return _UNDONE.search(answer) is not None


def _named_apart(collection: Shape) -> bool:
    """Whether the items are values of different names."""
    names = {read_statement(item.text).name for item in collection.items if item.kind == "value"}
    return len(names) > 1


def _case_differs(gold: str, answer: str) -> bool:
    """Whether a letter is large in one text and small in the other: math-verify's parser reads both as small."""
    left, right = (set(re.findall(r"\\[a-zA-Z]+|[a-zA-Z]", text)) for text in (gold, answer))
    return len({letter.casefold() for letter in left | right}) < len(left | right) and left != right


def _key(item: Shape) -> str:
    """Equal keys mean equal items; a plain number has one key however it is written."""
    number = read_quantity(item.text) if item.kind == "value" else None
    return f"{number.value}" if number and not number.unit else item.text


def _aligned(gold: Shape, answer: Shape) -> tuple[Shape, Shape]:
    """Brings two forms of one thing to one form: x = (1, 2), a column and a tuple, an inequality and an interval."""
    gold, answer = _unnamed(gold), _unnamed(answer)
    if gold.kind != answer.kind:
        if "()" in (gold.kind, answer.kind):
            gold, answer = _as_tuple(gold), _as_tuple(answer)
        if not _maybe_point(gold):
            gold, answer = _as_set(gold), _as_set(answer)
    return gold, answer


def _maybe_point(gold: Shape) -> bool:
    """Whether a reference in round brackets may be a point: 1 < x < 2 does not answer (1, 2)."""
    return gold.kind == "()" and not any(r"\infty" in item.text for item in gold.items)


def _unnamed(shape: Shape) -> Shape:
    if shape.kind != "value":
        return shape
    stated = read_statement(shape.text)
    return read_shape(stated.value) if stated.name else shape


def _as_tuple(shape: Shape) -> Shape:
    if shape.kind != "matrix":
        return shape
    rows = [row.items for row in shape.items]
    if len(rows) == 1:
        return Shape("()", rows[0], shape.text)
    return Shape("()", tuple(row[0] for row in rows), shape.text) if all(len(row) == 1 for row in rows) else shape


def _as_set(shape: Shape) -> Shape:
    if shape.kind == "value":
        return as_interval(shape.text) or shape
    if shape.kind == "list":
        intervals = [as_interval(item.text) if item.kind == "value" else None for item in shape.items]
        if all(intervals):
            return Shape("union", tuple(item for item in intervals if item), shape.text)
    return shape
