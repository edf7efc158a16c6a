"""The second tier of the math verifier: real cases that are undecided without it, hostile ones, and its processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from rft.errors import InputError
from rft.registry import build, load
from rft.types import Outcome, Problem, Reason, Verdict
from rft.verifiers import VERIFIERS
from rft.verifiers.math.symbolic import SymbolicTier
from rft.verifiers.math.verifier import MathVerifier

DECIDED = [
    (r"\frac{e^{1000}}{2}", r"\frac12 e^{1000}", "correct"),
    (r"2^{2000}\sqrt{2}", r"2^{2000.5}", "correct"),
    (r"\frac{3^{2000}\sqrt{3}}{2}", r"\frac{3^{2001}}{2\sqrt 3}", "correct"),
    (r"e^{10^{15}} e^{10^{15}}", r"e^{2\cdot 10^{15}}", "correct"),
    (r"e^{10^{15}} e^{10^{15}}", r"e^{3\cdot 10^{15}}", "incorrect"),
    (r"\frac{\pi^{2024}-1}{\pi-1}+1", r"\frac{\pi^{2024}+\pi-2}{\pi-1}", "correct"),
    (r"(1+\sqrt{2})^{2000}", r"(3+2\sqrt{2})^{1000}", "correct"),
    (r"2^{2012}\cos(\frac{\pi}{4})", r"2^{2011}\sqrt2", "correct"),
    (r"x^{10^{15}}e^x\cdot x", r"e^x x^{10^{15}+1}", "correct"),
    (r"y=e^{1000}x\sqrt{2}", r"\sqrt{2}y=2e^{1000}x", "correct"),
]
"""Reference, answer, outcome: all are undecided without SymPy."""
STILL_UNDECIDED = [
    ("9^{9^{9^{9}}}", "9^{9^{9^{8}}}"),  # a tower that no memory holds
    (r"\pi(10^{10})!", r"(10^{10})!\pi\cdot 1"),
    (r"\ln(\ln 1)", r"\ln(0)"),  # neither has a value
]


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    with MathVerifier(symbolic=True) as verifier:
        yield verifier


def judge(verifier: MathVerifier, reference: str, answer: str) -> Verdict:
    return verifier.verify(Problem("p", "?", "math", reference, "demo", "test"), [rf"\boxed{{{answer}}}"])[0]


@pytest.mark.parametrize(("reference", "answer", "outcome"), DECIDED)
def test_what_is_undecided_without_it_is_decided(
    verifier: MathVerifier, reference: str, answer: str, outcome: str
) -> None:
    assert judge(MathVerifier(), reference, answer).reason is Reason.UNDECIDED
    verdict = judge(verifier, reference, answer)
    assert verdict.outcome == outcome
    assert verdict.detail is not None
    assert "proved by SymPy" in verdict.detail


@pytest.mark.parametrize(("reference", "answer"), STILL_UNDECIDED)
def test_a_hostile_expression_ends_in_time_and_stays_undecided(reference: str, answer: str) -> None:
    with MathVerifier(symbolic=True) as verifier:
        verifier._tier = SymbolicTier(timeout_s=1.0)
        judge(verifier, r"\frac{e^{1000}}{2}", r"\frac12 e^{1000}")  # the worker runs now
        start = time.monotonic()
        verdict = judge(verifier, reference, answer)
        assert time.monotonic() - start < 120
        assert (verdict.outcome, verdict.reason) == (Outcome.UNJUDGED, Reason.UNDECIDED)
        assert judge(verifier, r"\frac{e^{1000}}{2}", r"\frac12 e^{1000}").outcome is Outcome.CORRECT


def test_what_our_own_engine_decides_is_not_asked(verifier: MathVerifier) -> None:
    with MathVerifier(symbolic=True) as unused:
        assert judge(unused, r"\sqrt{2}", r"\frac{2}{\sqrt 2}").outcome is Outcome.CORRECT
        assert all(worker.pid is None for worker in unused._tier._pool._workers)  # type: ignore[union-attr]


def test_closing_ends_the_workers_and_later_questions_stay_undecided() -> None:
    verifier = MathVerifier(symbolic=True)
    judge(verifier, r"\frac{e^{1000}}{2}", r"\frac12 e^{1000}")
    assert verifier._tier is not None
    pids = [worker.pid for worker in verifier._tier._pool._workers if worker.pid]
    assert pids
    verifier.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert judge(verifier, r"\frac{e^{1000}}{2}", r"\frac12 e^{1000}").reason is Reason.UNDECIDED


def test_the_option_is_checked_and_changes_the_id() -> None:
    cls = load("verifier", "math", VERIFIERS)
    assert build("verifier", "math", cls, {"symbolic": True}).id != MathVerifier().id
    with pytest.raises(InputError, match="symbolic"):
        build("verifier", "math", cls, {"symbolic": "perhaps"})


def test_nothing_of_it_is_imported_when_it_is_off() -> None:
    program = (
        "import sys; from rft.verifiers.math.verifier import MathVerifier; MathVerifier();"
        "print([name for name in sys.modules if name in ('sympy', 'rft.processes.workers')])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
