"""The choice verifier: its golden table, its options, references that cannot be used, hostile answers."""

import doctest
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.errors import InputError
from rft.registry import build, load
from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers import VERIFIERS
from rft.verifiers.choice import given as given_answers
from rft.verifiers.choice import question, verifier
from rft.verifiers.choice.verifier import ChoiceVerifier

CAPITALS = {"answer": "C", "choices": {"A": "London", "B": "Rome", "C": "Paris"}}


def table(name: str) -> list[dict[str, Any]]:
    """The cases of a golden file, each with its whole completion."""
    lines = (Path(__file__).parent / f"golden_{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [{"completion": f"So it is $\\boxed{{{row.get('answer')}}}$.", "options": {}, **row} for row in rows]


def misjudged(name: str) -> list[str]:
    """The cases of a golden file whose verdict is not the expected one."""
    wrong = []
    for line, row in enumerate(table(name), start=1):
        verifier = build("verifier", name, load("verifier", name, VERIFIERS), row["options"])
        problem = Problem("p", "?", name, row["reference"], "golden", "test")
        verdict = verifier.verify(problem, [row["completion"]])[0]
        if verdict.outcome != row["outcome"]:
            wrong.append(f"line {line} ({row['note']}): {row['completion']!r} is {verdict.outcome}; {verdict.detail}")
    return wrong


def judge(reference: JSON, *completions: str) -> list[Verdict]:
    return ChoiceVerifier().verify(Problem("p", "?", "choice", reference, "demo", "test"), completions)


def test_every_case_of_the_golden_table_has_its_outcome() -> None:
    assert misjudged("choice") == []


def test_the_golden_table_holds_more_wrong_answers_than_right_ones() -> None:
    counts = Counter(row["outcome"] for row in table("choice"))
    assert counts["incorrect"] > counts["correct"] > 50


def test_the_registry_builds_it_and_checks_its_option() -> None:
    cls = load("verifier", "choice", VERIFIERS)
    assert build("verifier", "choice", cls, {"extraction": "strict"}).extraction == "strict"
    with pytest.raises(InputError):
        build("verifier", "choice", cls, {"extraction": "loose"})
    assert ChoiceVerifier().id != ChoiceVerifier(extraction="strict").id


def test_a_verdict_says_what_was_chosen_and_by_which_rule() -> None:
    boxed, last, both, none = judge(CAPITALS, r"\boxed{Paris}", "Hm.\n(A)", r"\boxed{A and C}", "Hm.")
    assert (boxed.extracted, boxed.detail, boxed.reward) == ("Paris", "rule=boxed; chosen=C", 1)
    assert (last.extracted, last.detail, last.reason) == ("(A)", "rule=last_line; chosen=A", Reason.WRONG_ANSWER)
    assert (both.detail, both.reason) == ("rule=boxed; chosen=A,C", Reason.SEVERAL_ANSWERS)
    assert (none.extracted, none.reason) == (None, Reason.NO_ANSWER)


@pytest.mark.parametrize(
    "row", [row for row in table("choice") if row["outcome"] == "unjudged"], ids=lambda r: r["note"]
)
def test_a_reference_that_cannot_be_used_is_unjudged_with_a_sentence(row: dict[str, Any]) -> None:
    verdict = judge(row["reference"], r"\boxed{C}")[0]
    assert (verdict.outcome, verdict.reason) == (Outcome.UNJUDGED, Reason.BAD_REFERENCE)
    assert len(verdict.detail or "") > 15
    assert "\n" not in (verdict.detail or "")


@pytest.mark.parametrize("letter", [chr(code) for code in range(ord("A"), ord("Z") + 1)])
def test_every_letter_is_right_for_itself_only(letter: str) -> None:
    other = "Q" if letter != "Q" else "R"
    forms = ("{}", "({})", "{}.", "option {}", r"\text{{({})}}", "**{}**")
    right = [rf"\boxed{{{form.format(letter)}}}" for form in forms]
    wrong = [rf"\boxed{{{form.format(other)}}}" for form in forms]
    assert [verdict.reward for verdict in judge(letter, *right, *wrong)] == [1] * 6 + [0] * 6


@pytest.mark.parametrize(
    "answer",
    (
        *("(" * 50_000, "C," * 50_000, '"' * 100_000, "$" * 100_000, r"\text{" * 20_000, "**" * 50_000, "C " * 50_000),
        *(
            "9^{9^{9^9}}",
            "(C) " + "or " * 30_000,
            " " * 100_000 + "C",
            "C because " * 20_000,
            "A and " * 20_000,
            "C\0D",
        ),
    ),
    ids=range(13),
)
def test_hostile_answers_are_wrong_within_a_second(answer: str) -> None:
    completions = [answer, rf"\boxed{{{answer}}}", f"The answer is {answer}", f"The correct option is {answer}"]
    start = time.perf_counter()
    for reference in ("D", CAPITALS | {"answer": "B"}, {"answer": "A", "choices": ["1", "9^{9^{9}}", "x"]}):
        assert not any(verdict.reward for verdict in judge(reference, *completions))
    assert time.perf_counter() - start < 3 * len(completions) * 0.25


def test_it_works_from_many_threads() -> None:
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: judge(CAPITALS, r"\boxed{Paris}", r"\boxed{B}"), range(60)))
    assert all([verdict.reward for verdict in verdicts] == [1, 0] for verdicts in found)


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (given_answers, question, verifier):
        failed, tried = doctest.testmod(module)
        assert not failed and tried


@given(st.text(st.sampled_from("ABCD()[]{}.,:; \n$*\\'?-=/&or andnotParisboxed12"), max_size=60))
def test_no_text_raises_and_none_is_right_for_two_letters_at_once(text: str) -> None:
    for completion in (text, rf"\boxed{{{text}}}", f"The answer is {text}"):
        for choices in (None, ["London", "Rome", "Paris", "12"]):
            found = [judge({"answer": letter, "choices": choices}, completion)[0].reward for letter in "ABCD"]
            assert sum(found) <= 1
