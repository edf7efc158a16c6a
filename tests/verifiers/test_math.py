"""The math verifier as others use it: options, verdicts, threads, forks, memory."""

import asyncio
import doctest
import multiprocessing
import os
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.registry import build, load
from rft.types import JSON, Outcome, Problem, Reason
from rft.verifiers import VERIFIERS
from rft.verifiers.math.equal.compare import equivalent
from rft.verifiers.math.read.policy import Policy
from rft.verifiers.math.verifier import MathVerifier
from tests.verifiers.golden import cases

MODULES = [
    *(f"expressions.{name}" for name in ("arithmetic", "exact", "modular", "numeral", "syntax")),
    "verifiers.extraction.answer",
    "verifiers.extraction.prose",
    *(f"verifiers.spelling.{name}" for name in ("canonical", "latex", "signs", "units")),
    *(
        f"verifiers.math.read.{name}"
        for name in ("shape", "statement", "intervals", "forms", "suffix", "when", "numbers")
    ),
    *(f"verifiers.math.equal.{name}" for name in ("calculation", "compare")),
    "verifiers.math.verifier",
]


def problem(reference: JSON) -> Problem:
    return Problem("p", "?", "math", reference, "demo", "test")


def judge_hostile() -> list[str]:
    """Names of the hostile cases whose verdict is not the expected one, or that took more than a second."""
    wrong, verifier = [], MathVerifier()
    for case in cases("hostile"):
        start = time.perf_counter()
        verdict = verifier.verify(case.problem, [case.completion])[0]
        if verdict.outcome is not case.outcome or time.perf_counter() - start > 1:
            wrong.append(case.name)
    return wrong


def test_the_registry_builds_it_and_checks_its_options() -> None:
    cls = load("verifier", "math", VERIFIERS)
    verifier = build("verifier", "math", cls, {"extraction": "strict", "units": "convert"})
    assert (verifier.extraction, verifier.units) == ("strict", "convert")
    for wrong in ({"extraction": "loose"}, {"unit": "convert"}, {"decimals": 3}, {"percent": "both"}):
        with pytest.raises(InputError):
            build("verifier", "math", cls, wrong)


def test_a_policy_says_what_it_may_be() -> None:
    with pytest.raises(InputError, match="unknown math policy 'units' 'convrt'; did you mean 'convert'"):
        Policy(units="convrt")  # type: ignore[arg-type]


def test_its_id_changes_with_every_setting() -> None:
    others = [{"extraction": "strict"}, {"units": "ignore"}, {"percent": "points"}, {"order": "kept"}]
    others += [{"several": "all"}, {"decimals": "exact"}, {}]
    assert len({MathVerifier(**options).id for options in others}) == 7  # type: ignore[arg-type]


def test_a_verdict_says_what_was_judged_and_by_which_rule() -> None:
    verifier = MathVerifier()
    boxed, phrase, none = verifier.verify(problem("4"), [r"\boxed{ 4 }", "The answer is 5.", "?"])
    assert (boxed.extracted, boxed.detail, boxed.reward, boxed.verifier) == ("4", "rule=boxed", 1, verifier.id)
    assert (phrase.extracted, phrase.detail, phrase.reason) == ("5", "rule=phrase", Reason.WRONG_ANSWER)
    assert (none.extracted, none.outcome, none.reason) == (None, Outcome.INCORRECT, Reason.NO_ANSWER)
    assert boxed.wall_s > 0


def test_the_strict_policy_takes_boxes_only() -> None:
    boxed, phrase = MathVerifier(extraction="strict").verify(problem("4"), [r"\boxed{4}", "The answer is 4."])
    assert boxed.outcome is Outcome.CORRECT
    assert phrase.reason is Reason.NO_ANSWER


def test_several_different_boxes_are_no_answer_but_the_same_value_twice_is() -> None:
    texts = [r"\boxed{41} or \boxed{42}", r"\boxed{42.0}, so \boxed{42}", r"\boxed{\phantom{0}} = \boxed{42}"]
    spray, twice, blank = MathVerifier().verify(problem("42"), texts)
    assert (spray.outcome, spray.reason) == (Outcome.INCORRECT, Reason.SEVERAL_ANSWERS)
    assert (twice.outcome, blank.outcome) == (Outcome.CORRECT, Outcome.CORRECT)


def test_what_cannot_be_decided_is_unjudged_with_a_reason_of_its_own() -> None:
    tower = MathVerifier().verify(problem("9^{9^{9^{9}}}"), [r"\boxed{9^{9^{9^{8}}}}"])[0]
    assert (tower.outcome, tower.reason) == (Outcome.UNJUDGED, Reason.UNDECIDED)


def test_a_malformed_reference_is_unjudged_unless_the_text_is_equal() -> None:
    other, same = MathVerifier().verify(problem(r"\frac{1}{x+}"), [r"\boxed{x}", r"\boxed{\frac1{x+}}"])
    assert (other.outcome, other.reason) == (Outcome.UNJUDGED, Reason.BAD_REFERENCE)
    assert same.outcome is Outcome.CORRECT


def test_a_right_answer_beside_a_malformed_one_of_several_references_counts() -> None:
    right = MathVerifier().verify(problem([r"\frac{1}{x+}", "x"]), [r"\boxed{x}"])[0]
    assert right.outcome is Outcome.CORRECT


def test_equivalence_is_symmetric_and_strict() -> None:
    assert equivalent(r"\frac{1}{2}", "0.5")
    assert equivalent("500 cm", r"5\text{ m}", Policy(units="convert"))
    for left, right in (("0.667", "2/3"), ("5", "2+3"), ("9^{9^{9^{9}}}", "9^{9^{9^{8}}}"), ("x", "y")):
        assert not equivalent(left, right)
        assert not equivalent(right, left)


def test_it_works_from_any_thread_and_touches_no_signal() -> None:
    def judge(n: int) -> list[Outcome]:
        completions = [rf"\boxed{{\frac{{{n}x+{n}}}{{2}}}}", rf"\boxed{{\sin({n}x)}}", r"\boxed{9^{9^9}}", "none"]
        return [
            verdict.outcome for verdict in MathVerifier().verify(problem(rf"{n}\cdot\frac{{1+x}}{{2}}"), completions)
        ]

    before = signal.getsignal(signal.SIGALRM)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(judge, range(3, 33)))
    wrong = Outcome.INCORRECT
    assert found == [[Outcome.CORRECT, wrong, wrong, wrong]] * 30
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_hostile_answers_are_over_in_a_second_from_a_thread() -> None:
    found: list[list[str]] = []
    thread = threading.Thread(target=lambda: found.append(judge_hostile()))
    thread.start()
    thread.join()
    assert found == [[]]


def test_hostile_answers_are_over_in_a_second_from_asyncio() -> None:
    async def judge() -> list[str]:
        return judge_hostile()

    assert asyncio.run(judge()) == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_hostile_answers_are_over_in_a_second_from_another_process(method: str) -> None:
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(judge_hostile) == []


def test_hostile_answers_leave_the_memory_as_it_was() -> None:
    assert judge_hostile() == []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert judge_hostile() == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 << 10  # KiB


def test_it_starts_no_process() -> None:
    MathVerifier().verify(problem(r"\sin x"), [r"\boxed{\cos(\frac{\pi}{2}-x)}"])
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not any(b"verifiers" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_hold(module: str) -> None:
    result = doctest.testmod(import_module(f"rft.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("place", [r"x^{}a", r"\frac{}ab", r"2 \cdot {}a", r"\sqrt{}a"])
def test_a_thousand_signs_in_a_row_cost_no_error(place: str) -> None:
    answer = place.replace("{}", "-" * 1_000)
    verdict = MathVerifier().verify(problem("x^{a}"), [rf"\boxed{{{answer}}}"])[0]
    assert verdict.outcome is (Outcome.CORRECT if place.startswith("x") else Outcome.INCORRECT)
