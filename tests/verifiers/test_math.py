import doctest
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.registry import build, load
from rft.types import JSON, Outcome, Problem, Reason
from rft.verifiers import VERIFIERS
from rft.verifiers.math.verifier import MathVerifier

SLOW = r"(1+x)^{1999}"
"""Within the bounds, and far too much for the symbolic checker."""


@pytest.fixture
def verifier() -> Iterator[MathVerifier]:
    with MathVerifier(workers=2, timeout_s=1) as verifier:
        yield verifier


def problem(reference: JSON) -> Problem:
    return Problem("p", "?", "math", reference, "demo", "test")


def test_the_registry_builds_it_and_checks_its_options() -> None:
    cls = load("verifier", "math", VERIFIERS)
    verifier = build("verifier", "math", cls, {"policy": "strict", "timeout_s": 2})
    assert verifier.policy == "strict"
    for wrong in ({"policy": "loose"}, {"timeout": 2}, {"workers": 0}, {"memory_mib": 10}):
        with pytest.raises(InputError):
            build("verifier", "math", cls, wrong)


def test_its_id_changes_with_what_may_change_a_verdict_only() -> None:
    assert MathVerifier(workers=1).id == MathVerifier(workers=3, recycle_after=5).id
    assert len({MathVerifier().id, MathVerifier(policy="strict").id, MathVerifier(timeout_s=1).id}) == 3


def test_a_verdict_says_what_was_judged_and_by_which_rule(verifier: MathVerifier) -> None:
    boxed, phrase, none = verifier.verify(problem("4"), [r"\boxed{ 4 }", "The answer is 5.", "?"])
    assert (boxed.extracted, boxed.detail, boxed.reward, boxed.verifier) == ("4", "rule=boxed", 1, verifier.id)
    assert (phrase.extracted, phrase.detail, phrase.reason) == ("5", "rule=phrase", Reason.WRONG_ANSWER)
    assert (none.extracted, none.outcome, none.reason) == (None, Outcome.INCORRECT, Reason.NO_ANSWER)
    assert boxed.wall_s > 0


def test_the_strict_policy_takes_boxes_only() -> None:
    with MathVerifier(policy="strict") as verifier:
        boxed, phrase = verifier.verify(problem("4"), [r"\boxed{4}", "The answer is 4."])
    assert boxed.outcome is Outcome.CORRECT
    assert phrase.reason is Reason.NO_ANSWER


def test_equal_answers_are_judged_once(verifier: MathVerifier) -> None:
    start = time.monotonic()
    verdicts = verifier.verify(problem(r"\sin x"), [rf"\boxed{{{SLOW}}}"] * 50)
    assert time.monotonic() - start < 5
    assert {verdict.reason for verdict in verdicts} == {Reason.TIMEOUT}


def test_an_answer_too_hard_to_decide_is_unjudged_and_the_next_is_judged(verifier: MathVerifier) -> None:
    hard, easy = verifier.verify(problem(r"\sin x"), [rf"\boxed{{{SLOW}}}", r"\boxed{\cos(\frac{\pi}{2}-x)}"])
    assert (hard.outcome, hard.reason) == (Outcome.UNJUDGED, Reason.TIMEOUT)
    assert easy.outcome is Outcome.CORRECT


def test_one_time_budget_holds_for_a_whole_list(verifier: MathVerifier) -> None:
    start = time.monotonic()
    answer = ",".join(f"({n}+x)^{{1999}}" for n in range(1, 11))
    verdict = verifier.verify(problem(",".join(f"x+{n}" for n in range(10))), [rf"\boxed{{{answer}}}"])[0]
    assert verdict.reason is Reason.TIMEOUT
    assert time.monotonic() - start < 5


def test_one_time_budget_holds_for_many_references(verifier: MathVerifier) -> None:
    verifier.verify(problem("x+1"), [r"\boxed{1+x}"])
    start = time.monotonic()
    verdict = verifier.verify(problem([rf"\sin {letter}" for letter in "abcdfghjkl"]), [rf"\boxed{{{SLOW}}}"])[0]
    assert verdict.reason is Reason.TIMEOUT
    assert time.monotonic() - start < 5


def test_waiting_for_a_busy_worker_is_not_held_against_an_answer() -> None:
    with MathVerifier(workers=1, timeout_s=1) as verifier, ThreadPoolExecutor(4) as threads:
        answers = [r"\boxed{1+x}", *[rf"\boxed{{({n}+x)^{{1999}}}}" for n in range(2, 4)], r"\boxed{1+x}"]
        found = list(threads.map(lambda answer: verifier.verify(problem("x+1"), [answer])[0].outcome, answers))
    assert (found[0], found[-1]) == (Outcome.CORRECT, Outcome.CORRECT)


def test_several_threads_are_served_at_once(verifier: MathVerifier) -> None:
    def judge(n: int) -> list[Outcome]:
        completions = [rf"\boxed{{\frac{{{n}x+{n}}}{{2}}}}", rf"\boxed{{{n}x}}", r"\boxed{9^{9^9}}", "none"]
        return [verdict.outcome for verdict in verifier.verify(problem(rf"{n}\frac{{1+x}}{{2}}"), completions)]

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(judge, range(3, 33)))
    wrong = Outcome.INCORRECT
    assert found == [[Outcome.CORRECT, wrong, wrong, wrong]] * 30


def test_no_signal_handler_is_touched_outside_the_workers(verifier: MathVerifier) -> None:
    import signal

    before = signal.getsignal(signal.SIGALRM)
    thread = threading.Thread(target=verifier.verify, args=(problem("x+1"), [r"\boxed{1+x}"]))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_after_close_nothing_symbolic_is_decided() -> None:
    verifier = MathVerifier(workers=1)
    assert verifier.verify(problem("x+1"), [r"\boxed{1+x}"])[0].outcome is Outcome.CORRECT
    verifier.close()
    verifier.close()
    closed, number = verifier.verify(problem("x+1"), [r"\boxed{1+x+0}", r"\boxed{x+1}"])
    assert (closed.outcome, closed.reason) == (Outcome.UNJUDGED, Reason.VERIFIER_ERROR)
    assert number.outcome is Outcome.CORRECT
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not any(b"math.worker" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


@pytest.mark.parametrize(
    "module",
    ["exact", "verifiers.extract", *(f"verifiers.math.{name}" for name in ("text", "shape", "statement", "verifier"))],
)
def test_the_examples_in_the_docstrings_hold(module: str) -> None:
    result = doctest.testmod(import_module(f"rft.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
