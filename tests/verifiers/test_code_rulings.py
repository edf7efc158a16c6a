"""Facts on the left, rulings on the right."""

from dataclasses import replace
from typing import Any

import pytest

from rft.types import Examination, Execution, Outcome, Reason, Status, Trust
from rft.verifiers.code.trial.rulings import MAX_DETAIL, of_examination, of_execution, one_line

ENDED = Execution(Status.EXITED, 0, None, "", "", False, False, 0.1, 0.1, 10.0, frozenset(), "facts")
PASS: dict[str, Any] = {"checks": 3, "passed": True, "failure": None, "objects": 0, "forgeable": False}


def ended(status: Status = Status.EXITED, exit_code: int | None = 0, stderr: str = "", **facts: Any) -> Execution:
    return replace(ENDED, status=status, exit_code=exit_code, stderr=stderr, **facts)


def failed(kind: str, error: str = "", detail: str = "", check: int = 1) -> dict[str, Any]:
    failure = {"kind": kind, "check": check, "error": error, "detail": detail}
    return PASS | {"passed": False, "failure": failure}


def examined(report: Any, candidate: Execution = ENDED, tester: Execution = ENDED) -> Examination:
    return Examination(candidate, tester, report)


@pytest.mark.parametrize(
    ("report", "expected", "outcome"),
    [
        (PASS, 3, Outcome.CORRECT),
        (PASS, None, Outcome.CORRECT),
        (PASS, 4, Outcome.INCORRECT),
        (PASS, 2, Outcome.INCORRECT),
        (PASS | {"checks": 0}, None, Outcome.INCORRECT),
        (PASS | {"checks": 0}, 0, Outcome.INCORRECT),
    ],
)
def test_a_pass_needs_proof_of_work(report: Any, expected: int | None, outcome: Outcome) -> None:
    assert of_examination(examined(report), expected, 10, proved=True).outcome is outcome


@pytest.mark.parametrize("proved", [True, False])
def test_what_asked_the_candidates_own_objects_has_low_trust(proved: bool) -> None:
    assert of_examination(examined(PASS | {"forgeable": True}), 3, 10, proved).trust is Trust.LOW
    assert of_examination(examined(PASS), 3, 10, proved).trust is Trust.FULL


@pytest.mark.parametrize("status", [Status.SIGNALED, Status.EXITED, Status.TIMEOUT])
def test_how_a_candidate_ends_after_it_passed_does_not_matter(status: Status) -> None:
    found = examined(PASS, ended(status, None))
    assert of_examination(found, 3, 10, proved=True).correct


def test_a_forbidden_call_is_never_correct() -> None:
    found = of_examination(examined(PASS, ended(Status.FORBIDDEN, None)), 3, 10, proved=True)
    assert (found.outcome, found.reason) == (Outcome.INCORRECT, Reason.FORBIDDEN)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (failed("wrong", "AssertionError"), Reason.WRONG_ANSWER),
        (failed("missing"), Reason.MISSING_ENTRY_POINT),
        (failed("load", "SyntaxError", "invalid syntax"), Reason.COMPILE_ERROR),
        (failed("load", "IndentationError"), Reason.COMPILE_ERROR),
        (failed("load", "ModuleNotFoundError"), Reason.RUNTIME_ERROR),
        (failed("load", "MemoryError"), Reason.MEMORY_LIMIT),
        (failed("raised", "ZeroDivisionError"), Reason.RUNTIME_ERROR),
        (failed("raised", "SyntaxError"), Reason.RUNTIME_ERROR),
        (failed("raised", "MemoryError"), Reason.MEMORY_LIMIT),
        (failed("raised", "OSError", "[Errno 28] No space left on device"), Reason.DISK_LIMIT),
        (failed("raised", "OSError", "[Errno 5] Input/output error"), Reason.RUNTIME_ERROR),
        (failed("raised", "BlockingIOError", "[Errno 11] Resource temporarily unavailable"), Reason.PROCESS_LIMIT),
        (failed("raised", "RuntimeError", "can't start new thread"), Reason.PROCESS_LIMIT),
        (failed("protocol"), Reason.RUNTIME_ERROR),
        (PASS | {"passed": False}, Reason.RUNTIME_ERROR),
    ],
)
def test_a_failure_has_its_reason(report: Any, reason: Reason) -> None:
    found = of_examination(examined(report), 3, 10, proved=False)
    assert (found.outcome, found.reason) == (Outcome.INCORRECT, reason)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.TIMEOUT, Reason.TIMEOUT),
        (Status.MEMORY_LIMIT, Reason.MEMORY_LIMIT),
        (Status.OUTPUT_LIMIT, Reason.OUTPUT_LIMIT),
        (Status.PROCESS_LIMIT, Reason.PROCESS_LIMIT),
        (Status.DISK_LIMIT, Reason.DISK_LIMIT),
        (Status.FORBIDDEN, Reason.FORBIDDEN),
        (Status.COMPILE_ERROR, Reason.COMPILE_ERROR),
    ],
)
def test_a_limit_is_the_reason_whatever_the_tester_saw(status: Status, reason: Reason) -> None:
    stopped = ended(status, None)
    for report in (failed("raised", "EOFError"), failed("protocol"), None):
        found = of_examination(examined(report, stopped), 3, 10, proved=True)
        assert (found.outcome, found.reason) == (Outcome.INCORRECT, reason)
    run = of_execution(stopped, 10)
    assert run is not None
    assert run.reason is reason


def test_tests_that_fail_by_themselves_are_a_bad_reference_until_the_solution_has_passed_them() -> None:
    broken = examined(failed("tests", "NameError", "name 'np' is not defined"))
    assert of_examination(broken, None, 10, proved=False).reason is Reason.BAD_REFERENCE
    assert of_examination(broken, None, 10, proved=False).outcome is Outcome.UNJUDGED
    assert of_examination(broken, None, 10, proved=True).reason is Reason.RUNTIME_ERROR


@pytest.mark.parametrize(
    ("tester", "proved", "outcome", "reason"),
    [
        (ended(), True, Outcome.UNJUDGED, Reason.SANDBOX_ERROR),
        (ended(Status.SIGNALED, None, signal=11), True, Outcome.UNJUDGED, Reason.SANDBOX_ERROR),
        (ended(Status.TIMEOUT, None), False, Outcome.INCORRECT, Reason.TIMEOUT),
        (ended(Status.MEMORY_LIMIT, None), True, Outcome.INCORRECT, Reason.MEMORY_LIMIT),
        (ended(Status.MEMORY_LIMIT, None), False, Outcome.UNJUDGED, Reason.SANDBOX_ERROR),
    ],
)
def test_a_silent_tester_is_our_fault_unless_a_limit_stopped_it(
    tester: Execution, proved: bool, outcome: Outcome, reason: Reason
) -> None:
    killed_with_it = ended(Status.SIGNALED, None, signal=9)
    found = of_examination(examined(None, killed_with_it, tester), 3, 10, proved)
    assert (found.outcome, found.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("execution", "reason"),
    [
        (ended(), None),
        (ended(stderr="Traceback (most recent call last)\nMemoryError"), None),
        (ended(exit_code=1, stderr="Traceback (most recent call last):\n  File…\nKeyError: 1"), Reason.RUNTIME_ERROR),
        (ended(exit_code=1, stderr='  File "main.py", line 1\nSyntaxError: invalid syntax\n'), Reason.COMPILE_ERROR),
        (ended(exit_code=1, stderr="Traceback (most recent call last):\nSyntaxError: eval"), Reason.RUNTIME_ERROR),
        (ended(exit_code=1, stderr="Traceback (most recent call last):\nMemoryError\n\n"), Reason.MEMORY_LIMIT),
        (ended(exit_code=1, stderr="OSError: [Errno 28] No space left on device"), Reason.DISK_LIMIT),
        (ended(exit_code=3), Reason.RUNTIME_ERROR),
        (ended(Status.SIGNALED, None, signal=11), Reason.RUNTIME_ERROR),
    ],
)
def test_an_execution_must_end_well(execution: Execution, reason: Reason | None) -> None:
    found = of_execution(execution, 10)
    assert (found and found.reason) == reason


@pytest.mark.parametrize(
    ("cpu_s", "wall_s", "starved"), [(4.0, 10.0, True), (9.9, 10.0, False), (0.05, 10.0, False), (1.1, 10.0, True)]
)
def test_only_who_worked_and_still_had_time_to_work_was_starved(cpu_s: float, wall_s: float, starved: bool) -> None:
    found = of_execution(ended(Status.TIMEOUT, None, cpu_s=cpu_s, wall_s=wall_s), 10)
    assert found is not None
    assert found.starved is starved


def test_a_detail_is_one_short_line_without_control_characters() -> None:
    shown = one_line("a\nb\x1b[31m\u202e" + "x" * 999)
    assert shown.startswith("a\\nb\\x1b[31m\\u202ex")
    assert len(shown) == MAX_DETAIL
    assert shown.isprintable()
