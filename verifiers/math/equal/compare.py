r"""The rules by which an answer equals a reference. Pure and bounded.

In this order: equal text; lists, tuples, intervals and matrices item by item; numbers, exactly, with units; times and
dates; numbers in a base; letters of a choice; ratios; named values (``x=3`` for 3, never ``y=3`` for ``x=3``); words;
and only then expressions and relations (``algebra``). A doubt is a no: a wrong sample that is let through poisons a
training set, a right one that is refused costs one sample.

The order of the two does not matter (Math-Verify issues 10 and 25), but for two rules that are about the answer alone:
a calculation left undone does not answer a plain number, and what the policy ``decimals`` says of rounded references.
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from rft.expressions.algebra import Relation, UndecidedError, real_value, same_expression, same_relation
from rft.expressions.grammar import SyntaxRefusedError
from rft.expressions.syntax import parse
from rft.expressions.tree import Node, number
from rft.verifiers.math.equal.align import aligned, are_values, bounded_name, is_otherwise, key, named_apart
from rft.verifiers.math.equal.calculation import UNDONE, is_calculation, left_undone
from rft.verifiers.math.read.forms import proportional, read_based, read_choice, read_compound, read_ratio
from rft.verifiers.math.read.intervals import as_intervals
from rft.verifiers.math.read.numbers import (
    MIN_ROUNDED_DIGITS,
    Quantity,
    read_measure,
    read_quantity,
    same_quantity,
    without_money,
    without_unit,
)
from rft.verifiers.math.read.policy import DEFAULT, Policy
from rft.verifiers.math.read.reading import Reading, read
from rft.verifiers.math.read.shape import AnswerShape, flat, read_shape
from rft.verifiers.math.read.statement import RELATION_SIGN, printed_step, read_statement, split_at, without_groups
from rft.verifiers.math.read.when import Date, read_when
from rft.verifiers.spelling.latex import may_be_product, tight, words

MAX_PAIRS = 400
"""Pairs of items that one comparison of unordered lists may look at, after those with equal text are gone."""
MAX_LOOKS = 60
"""Expressions that are compared for one answer at most; a list has one for each pair of items."""
MAX_PROOFS = 2
"""Questions that one comparison may put to a prover: each may take seconds."""
_TURNED = {">": "<", r"\ge": r"\le"}


class UnreadableReferenceError(Exception):
    """The reference is malformed, so that nothing but equal text can match it."""


class EqualityProver(Protocol):
    """Decides what our own engine could not; None where it cannot either."""

    def same_expression(self, left: Node, right: Node) -> bool | None:
        """Returns whether two expressions are proved equal or different."""

    def same_relation(self, left: Relation, right: Relation) -> bool | None:
        """Returns whether two relations are proved to be the same or not."""


@dataclass
class AnswerComparison:
    """Compares one reference with one answer and keeps notes on what was not looked at."""

    policy: Policy = DEFAULT
    notes: list[str] = field(default_factory=list)
    prover: EqualityProver | None = None
    """Asked where equality could not be decided within the bounds."""
    n_looks: int = 0
    """Expressions compared so far."""
    n_proofs: int = 0
    """Questions put to the prover so far."""

    def equal(self, reference: Reading, answer: Reading) -> bool:
        """Returns whether an answer equals a reference.

        Raises:
            UndecidedError: it could not be decided within the bounds.
            UnreadableReferenceError: the reference is malformed.
        """
        if reference.refused or answer.refused:
            self.notes.append(answer.refused or f"reference {reference.refused}")
            return False
        if reference.names and answer.names and reference.names != answer.names:
            return False
        if not self._same_whole(reference.shape, answer.shape):
            return False
        said = [(side.shape, near) for side in (reference, answer) for near in side.near]
        return answer.near == reference.near or all(self._near(shape, near) for shape, near in said)

    def _near(self, exact: AnswerShape, near: str) -> bool:
        """Whether a printed decimal is what an exact value rounds to."""
        step, decimal = printed_step(near), read_quantity(near)
        if exact.kind != "value" or step is None or decimal is None:
            return False
        value = read_statement(exact.text).value
        number = read_quantity(value)
        if number is not None:
            units = {number.unit, decimal.unit} - {""}
            return 2 * abs(number.value - decimal.value) <= step and len(units) < 2
        return self._rounds_to(self._expression(value), decimal.value, step)

    # -- shapes

    def _same_whole(self, gold: AnswerShape, answer: AnswerShape) -> bool:
        """Whether two whole answers are the same; dates and the texts behind a letter may hold commas."""
        if gold.text == answer.text:
            return True
        if (gold.kind, answer.kind) != ("value", "value"):
            for decide in (self._as_times, self._as_letters):
                verdict = decide(gold.text, answer.text)
                if verdict is not None:
                    return verdict
        return self._same(gold, answer)

    def _as_letters(self, gold: str, answer: str) -> bool | None:
        """As a choice, where at least one of them is a letter alone."""
        left, right = read_choice(gold), read_choice(answer)
        return left.letter == right.letter if left and right and not (left.text and right.text) else None

    def _same(self, gold: AnswerShape, answer: AnswerShape) -> bool:
        if gold.kind == answer.kind and flat(gold) == flat(answer):
            return True
        if gold.kind == answer.kind == "value":
            return self._same_value(gold.text, answer.text)
        gold, answer = aligned(gold, answer)
        if gold.kind == answer.kind == "value":
            return self._same_value(gold.text, answer.text)
        if gold.kind != answer.kind and {gold.kind, answer.kind} != {"list", "set"}:
            return False
        if gold.kind == "cases":
            return self._same_cases(gold, answer)
        if gold.joined and answer.joined and gold.joined != answer.joined and not are_values(gold):
            return False  # Alice and Bob, Alice or Bob; x > 3 and x < 5, x > 3 or x < 5
        kept = self.policy.order == "kept" and gold.kind == answer.kind == "list"
        if gold.ordered or kept:
            return len(gold.items) == len(answer.items) and all(map(self._same, gold.items, answer.items))
        return self._same_collection(gold, answer)

    def _same_collection(self, gold: AnswerShape, answer: AnswerShape) -> bool:
        """Whether every item has its partner, in any order; a set counts equal items once."""
        if named_apart(gold) != named_apart(answer):  # x = 1, y = 2 against 2, 1: which is which is told by the order
            in_order = "or" not in (gold.joined, answer.joined) and "set" not in (gold.kind, answer.kind)
            return in_order and len(gold.items) == len(answer.items) and all(map(self._same, gold.items, answer.items))
        by_key = [{key(item): item for item in side.items} for side in (gold, answer)]
        counts = [Counter(key(item) for item in side.items) for side in (gold, answer)]
        if "set" in (gold.kind, answer.kind):
            counts = [Counter(dict.fromkeys(count, 1)) for count in counts]
        golds, answers = list((counts[0] - counts[1]).elements()), list((counts[1] - counts[0]).elements())
        if len(golds) != len(answers) or len(golds) ** 2 > MAX_PAIRS:
            return False
        for gold_key in golds:
            partner = next((other for other in answers if self._same(by_key[0][gold_key], by_key[1][other])), None)
            if partner is None:
                return False
            answers.remove(partner)
        return True

    def _same_cases(self, gold: AnswerShape, answer: AnswerShape) -> bool:
        """Whether two piecewise functions have the same branches; *otherwise* stands for the one that is left."""
        last = [[branch for branch in side.items if is_otherwise(branch)] for side in (gold, answer)]
        golds, answers = ([branch for branch in side.items if not is_otherwise(branch)] for side in (gold, answer))
        if len(gold.items) != len(answer.items) or max(map(len, last)) > 1:
            return False
        for branch in list(golds):
            partner = next((other for other in answers if self._same_branch(branch, other)), None)
            if partner is not None:
                golds.remove(branch)
                answers.remove(partner)
        left = [*golds, *last[0]], [*answers, *last[1]]
        if not any(last):
            return not golds
        return len(left[0]) == 1 and self._same(left[0][0].items[0], left[1][0].items[0])

    def _same_branch(self, gold: AnswerShape, answer: AnswerShape) -> bool:
        return len(gold.items) == len(answer.items) and all(map(self._same, gold.items, answer.items))

    # -- single values

    def _same_value(self, gold: str, answer: str) -> bool:
        """Whether two single values are the same; the first kind that one of them has decides."""
        for decide in (
            self._as_quantities,
            self._as_times,
            self._as_bases,
            self._as_compounds,
            self._as_choices,
            self._as_ratios,
        ):
            verdict = decide(gold, answer)
            if verdict is not None:
                return verdict
        gold, answer = without_money(gold), without_money(answer)
        said, stated = read_statement(gold), read_statement(answer)
        if said.name and stated.name and said.name != stated.name:
            # y = 2x + 1 says of x what x = (y - 1) / 2 does
            return (said.name in stated.value or stated.name in said.value) and self._same_relation(gold, answer)
        if (said.name or stated.name) and not (said.relation or stated.relation):
            return self._same_text(said.value, stated.value)
        gold, answer, same_unit = self._without_units(gold, answer)
        if not same_unit:
            return False
        in_words = words(gold), words(answer)
        products = all(may_be_product(text) for text, word in zip((gold, answer), in_words, strict=True) if word)
        if in_words[0] or in_words[1]:
            if in_words[0] == in_words[1] and not (products and gold[1:] != answer[1:]):
                return True
            if not products:
                return False
        if said.relation or stated.relation:
            return self._same_relation(gold, answer)
        return self._same_expression(gold, answer)

    def _without_units(self, gold: str, answer: str) -> tuple[str, str, bool]:
        """Two values without the units behind them, and whether these agree."""
        (left, unit), (right, other) = without_unit(gold), without_unit(answer)
        return left, right, self.policy.units == "ignore" or unit == other or not (unit and other)

    def _as_quantities(self, gold: str, answer: str) -> bool | None:
        left, right = read_quantity(gold), read_quantity(answer)
        if self.policy.units == "ignore" and (left or right):
            left, right = left or read_measure(gold), right or read_measure(answer)
        if left and right:
            if left_undone(answer) and not left_undone(gold):
                self.notes.append(UNDONE)
                return False
            return same_quantity(left, right, self.policy)
        if left and left.unit and (right := read_measure(answer)):
            return bool(right.unit) and same_quantity(left, right, self.policy)
        if right and right.unit and (left := read_measure(gold)):
            return bool(left.unit) and same_quantity(left, right, self.policy)
        return None

    def _as_times(self, gold: str, answer: str) -> bool | None:
        left, right = read_when(gold), read_when(answer)
        if left is None or right is None:
            return False if isinstance(left or right, Date) else None
        return type(left) is type(right) and left.same(right)  # type: ignore[arg-type]

    def _as_bases(self, gold: str, answer: str) -> bool | None:
        left, right = read_based(gold), read_based(answer)
        if left is None and right is None:
            return None
        digits = [side.digits if side else tight(text) for side, text in ((left, gold), (right, answer))]
        return digits[0] == digits[1] and (left is None or right is None or left.base == right.base)

    def _as_compounds(self, gold: str, answer: str) -> bool | None:
        left, right = read_compound(gold), read_compound(answer)
        return None if left is None and right is None else left == right

    def _as_ratios(self, gold: str, answer: str) -> bool | None:
        left, right = read_ratio(gold), read_ratio(answer)
        if left is None and right is None:
            return None
        if left is None or right is None or len(left) != len(right):
            return False
        numbers = [[read_quantity(part) for part in side] for side in (left, right)]
        if any(number and not number.value for number in (numbers[0][0], numbers[1][0])):
            return False
        units = [[number.unit if number else "" for number in side] for side in numbers]
        if units[0] != units[1]:
            return False
        if all(numbers[0]) and all(numbers[1]):
            golds, answers = (tuple(number.value for number in side if number) for side in numbers)
            return proportional(golds, answers)
        nodes = [[self._expression(part) for part in side] for side in (left, right)]
        return all(
            self._equal_nodes(Node("*", (a, nodes[1][0])), Node("*", (b, nodes[0][0])))
            for a, b in zip(*nodes, strict=True)
        )

    def _as_choices(self, gold: str, answer: str) -> bool | None:
        left, right = read_choice(gold), read_choice(answer)
        if left is None and right is None:
            return None
        if left and right:
            said = [text for text in (left.text, right.text) if text]
            return left.letter == right.letter and (len(said) < 2 or self._same_text(*said))
        text = left.text if left else right.text if right else ""
        if not text or read_choice(text):  # A. A. A. is no choice
            return None
        return self._same_text(text, answer if left else gold)

    def _same_text(self, gold: str, answer: str) -> bool:
        return self._same(read_shape(gold), read_shape(answer))

    # -- expressions and relations

    def _same_relation(self, gold: str, answer: str) -> bool:
        sets = as_intervals(gold), as_intervals(answer)
        if sets[0] and sets[1] and len({bounded_name(gold), bounded_name(answer)} - {""}) < 2:
            return self._same(sets[0], sets[1])
        left, right = self._relation(gold, of_reference=True), self._relation(answer)
        if left is None or right is None:
            return False
        self._look()
        try:
            return same_relation(left, right)
        except UndecidedError as error:
            prover = self._next_prover(error)
            return self._proved(prover.same_relation(left, right), error)

    def _relation(self, text: str, *, of_reference: bool = False) -> Relation | None:
        outer = without_groups(text)
        sides, signs = split_at(text, outer, RELATION_SIGN), RELATION_SIGN.findall(outer)
        if len(signs) != 1:
            self.notes.append("a chain of relations is compared as text only" if signs else "not a relation")
            return None
        left, right = (self._read(side, of_reference=of_reference) for side in sides)
        if left is None or right is None:
            return None
        sign = signs[0]
        return Relation(right, _TURNED[sign], left) if sign in _TURNED else Relation(left, sign, right)

    def _same_expression(self, gold: str, answer: str) -> bool:
        if r"\infty" in gold or r"\infty" in answer:
            return tight(gold).removeprefix("+") == tight(answer).removeprefix("+")
        numbers = read_quantity(gold), read_quantity(answer)
        right = _number(numbers[1]) or self._read(answer)
        left = (_number(numbers[0]) or self._read(gold, of_reference=True)) if right else None
        if left is None or right is None:
            return False
        if self._rounded(numbers[0], right, 3) or self._rounded(numbers[1], left, MIN_ROUNDED_DIGITS):
            return True
        if numbers[0] and is_calculation(right):
            self.notes.append(UNDONE)
            return False
        return self._equal_nodes(left, right)

    def _rounded(self, decimal: Quantity | None, exact: Node, min_digits: int) -> bool:
        """Whether a decimal of enough digits is what an exact value rounds to."""
        if decimal is None or self.policy.decimals == "exact" or decimal.digits < min_digits:
            return False
        return self._rounds_to(exact, decimal.value, decimal.step)

    def _rounds_to(self, exact: Node | None, decimal: Fraction, step: Fraction) -> bool:
        value = real_value(exact) if exact else None
        if value is None:
            return False
        off = abs(value * decimal.denominator - decimal.numerator) * step.denominator
        return bool(2 * off <= step.numerator * decimal.denominator)

    def _equal_nodes(self, left: Node, right: Node) -> bool:
        self._look()
        try:
            return same_expression(left, right)
        except UndecidedError as error:
            prover = self._next_prover(error)
            return self._proved(prover.same_expression(left, right), error)

    def _next_prover(self, undecided: UndecidedError) -> EqualityProver:
        """Returns the prover, or raises again what was undecided where there is none or it was asked too often."""
        self.n_proofs += 1
        if self.prover is None or self.n_proofs > MAX_PROOFS:
            raise undecided
        return self.prover

    def _proved(self, same: bool | None, undecided: UndecidedError) -> bool:
        if same is None:
            raise UndecidedError(f"{undecided}; SymPy does not tell either") from undecided
        self.notes.append("proved by SymPy")
        return same

    def _look(self) -> None:
        self.n_looks += 1
        if self.n_looks > MAX_LOOKS:
            raise UndecidedError(f"more than {MAX_LOOKS} expressions would have to be compared")

    def _expression(self, text: str) -> Node:
        try:
            return parse(tight(without_money(text)))
        except SyntaxRefusedError:
            return Node("symbol", name=text)  # equal to itself only

    def _read(self, text: str, *, of_reference: bool = False) -> Node | None:
        try:
            return parse(tight(text))
        except SyntaxRefusedError as error:
            if of_reference and error.malformed:
                raise UnreadableReferenceError(
                    f"the reference '{text[:80]}' cannot be read ({error}); only equal text matches it"
                ) from error
            self.notes.append(f"not read: {error}")
            return None


def equivalent(left: str, right: str, policy: Policy = DEFAULT) -> bool:
    r"""Returns whether two answers are the same, as majority voting needs it: symmetric, and no for what is undecided.

    >>> equivalent(r"\frac{1}{2}", "0.5"), equivalent("1/3", "0.33"), equivalent("x=2", "2")
    (True, False, True)
    """
    sides = read(left), read(right)
    try:
        return AnswerComparison(policy).equal(*sides) and AnswerComparison(policy).equal(*reversed(sides))
    except (UndecidedError, UnreadableReferenceError):
        return False


def _number(quantity: Quantity | None) -> Node | None:
    return number(quantity.value) if quantity else None
