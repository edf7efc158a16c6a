"""The exact verifier: its golden table, its options, hostile answers."""

import doctest
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.errors import InputError
from rft.registry import build, load
from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers import VERIFIERS
from rft.verifiers import verbatim as exact
from rft.verifiers.verbatim import VerbatimVerifier, plain
from tests.verifiers.test_choice import misjudged, table


def judge(reference: JSON, *completions: str) -> list[Verdict]:
    return VerbatimVerifier().verify(Problem("p", "?", "exact", reference, "demo", "test"), completions)


def test_every_case_of_the_golden_table_has_its_outcome() -> None:
    assert misjudged("exact") == []


def test_the_golden_table_holds_more_wrong_answers_than_right_ones() -> None:
    counts = Counter(row["outcome"] for row in table("exact"))
    assert counts["incorrect"] > counts["correct"] > 30


def test_the_registry_builds_it_and_checks_its_options() -> None:
    cls = load("verifier", "exact", VERIFIERS)
    assert build("verifier", "exact", cls, {"extraction": "whole", "ignore_case": False}).extraction == "whole"
    for wrong in ({"extraction": "all"}, {"ignore_case": "perhaps"}, {"case": True}):
        with pytest.raises(InputError):
            build("verifier", "exact", cls, wrong)


def test_its_id_changes_with_every_setting() -> None:
    others = [VerbatimVerifier(), VerbatimVerifier("strict"), VerbatimVerifier("whole")]
    others += [VerbatimVerifier(ignore_case=False), VerbatimVerifier(ignore_punctuation=False)]
    assert len({verifier.id for verifier in others}) == 5


def test_a_verdict_says_what_was_judged_and_by_which_rule() -> None:
    boxed, spray, none, bad = (
        *judge("Paris", r"\boxed{ Paris }", r"\boxed{Rome} \boxed{Paris}", "Hm."),
        *judge({"answer": "Paris"}, r"\boxed{Paris}"),
    )
    assert (boxed.extracted, boxed.detail, boxed.reward) == ("Paris", "rule=boxed", 1)
    assert (spray.reason, none.reason) == (Reason.SEVERAL_ANSWERS, Reason.NO_ANSWER)
    assert (bad.outcome, bad.reason) == (Outcome.UNJUDGED, Reason.BAD_REFERENCE)
    assert bad.detail == "the reference must be a text, a number or a list of these; seen: dict"


@given(st.text())
def test_a_text_is_equal_to_itself_in_another_case_and_other_spaces(text: str) -> None:
    assert plain(f"  {text}\n") == plain(text)
    assert plain(plain(text)) == plain(plain(plain(text)))


@given(st.integers(), st.integers())
def test_other_numbers_are_never_equal(left: int, right: int) -> None:
    assert (plain(str(left)) == plain(str(right))) == (left == right)


@pytest.mark.parametrize("answer", ['"' * 300_000, "$" * 300_000, "*" * 300_000, "." * 300_000, "\u0301" * 300_000])
def test_hostile_answers_are_wrong_within_a_second(answer: str) -> None:
    start = time.perf_counter()
    verdicts = judge("Paris", answer, rf"\boxed{{{answer}}}", rf"\boxed{{\text{{{answer}}}}}")
    assert not any(verdict.reward for verdict in verdicts)
    assert time.perf_counter() - start < 1.5


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(exact) == (0, 4)
