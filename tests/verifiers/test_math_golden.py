"""The golden table of the math verifier: reference, answer, expected outcome, where the case comes from.

A wrong answer that is let through poisons a training set, so the table holds more wrong answers than right ones, each a
near miss that a sloppy grader takes.
"""

import time
from collections import Counter

import pytest

from rft.expressions.algebra import UndecidedError
from rft.types import Outcome
from rft.verifiers.math.equal.calculation import UNDONE
from rft.verifiers.math.equal.compare import AnswerComparison, UnreadableReferenceError
from rft.verifiers.math.read.policy import Policy
from rft.verifiers.math.read.reading import Reading, read
from rft.verifiers.math.verifier import MathVerifier
from tests.verifiers.golden import KINDS, Case, cases


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_has_its_outcome(kind: str) -> None:
    wrong = []
    for case in cases(kind):
        with MathVerifier(**case.policy) as verifier:  # type: ignore[arg-type]
            verdict = verifier.verify(case.problem, [case.completion])[0]
        if verdict.outcome is not case.outcome:
            wrong.append(f"{case.name} ({case.note}): {verdict.outcome}, not {case.outcome}; {verdict.detail}")
    assert not wrong, "\n".join(wrong)


def test_the_table_is_large_and_holds_more_wrong_answers_than_right_ones() -> None:
    counts = Counter(case.outcome for kind in KINDS for case in cases(kind))
    assert counts.total() >= 1_900
    assert counts[Outcome.INCORRECT] > 1.5 * counts[Outcome.CORRECT]


def test_hostile_answers_end_within_a_second() -> None:
    hostile = list(cases("hostile"))
    assert len(hostile) >= 150
    verifier = MathVerifier()
    for case in hostile:
        start = time.perf_counter()
        verifier.verify(case.problem, [case.completion])
        assert time.perf_counter() - start < 1, case.name


def answers() -> list[Case]:
    """Cases of one text against another, by the default policy."""
    found = [case for kind in KINDS if kind not in ("hostile", "completions", "spray") for case in cases(kind)]
    return [case for case in found if isinstance(case.problem.reference, str) and not case.policy]


def boxed(case: Case) -> str:
    return case.completion.removeprefix("So the answer is $\\boxed{").removesuffix("}$.")


def test_the_order_of_the_two_texts_does_not_matter() -> None:
    """But for calculations: a reference may leave one to the reader, an answer may not."""
    for case in answers():
        left, right = read(str(case.problem.reference)), read(boxed(case))
        there, back = compared(left, right), compared(right, left)
        assert there == back or UNDONE in (there, back), case


def compared(reference: Reading, answer: Reading) -> bool | str:
    comparison = AnswerComparison(Policy(decimals="exact"))
    try:
        equal = comparison.equal(reference, answer)
    except (UndecidedError, UnreadableReferenceError):
        return False
    return UNDONE if UNDONE in comparison.notes else equal


def test_a_reference_matches_itself() -> None:
    verifier = MathVerifier()
    for case in answers():
        if case.outcome is Outcome.UNJUDGED:
            continue
        verdict = verifier.verify(case.problem, [rf"\boxed{{{case.problem.reference}}}"])[0]
        assert verdict.outcome is Outcome.CORRECT, (case, verdict)
