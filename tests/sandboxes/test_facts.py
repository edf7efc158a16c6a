"""From facts to how an execution ended: which of several causes counts, and what is told of it."""

import base64
import signal
from typing import Any

import pytest

from rft.sandboxes.facts import LIMITS, TAIL, execution
from rft.types import Execution, Limits, Status

KILL, SEGV, XCPU, SYS, XFSZ = (
    int(number) for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU, signal.SIGSYS, signal.SIGXFSZ)
)
FAILED = 1 << 8
"""The wait status of exit code 1."""


def told(**changed: Any) -> Execution:
    facts: dict[str, Any] = {"status": 0, "cpu_s": 0.1, "wall_s": 0.2, "peak_mib": 14.5, "stdout": "", "stderr": ""}
    facts |= {"truncated": [], "killed": None, "oom_kill": 0, "max": 0, "disk_full": False}
    return execution(facts | changed, Limits(cpu_s=4), LIMITS, "test", "sha256:1")


def b64(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, Status.EXITED),
        ({"status": FAILED}, Status.EXITED),
        ({"status": SEGV}, Status.SIGNALED),
        ({"status": XCPU}, Status.TIMEOUT),
        ({"status": SYS}, Status.FORBIDDEN),
        ({"status": XFSZ}, Status.DISK_LIMIT),
        ({"status": KILL}, Status.SIGNALED),
        ({"status": KILL, "cpu_s": 3.9}, Status.TIMEOUT),
        ({"status": KILL, "cpu_s": 3.9, "oom_kill": 1}, Status.MEMORY_LIMIT),
        ({"status": KILL, "killed": "output"}, Status.OUTPUT_LIMIT),
        ({"status": KILL, "killed": "output", "oom_kill": 1}, Status.OUTPUT_LIMIT),
        ({"status": KILL, "killed": "memory"}, Status.MEMORY_LIMIT),
        ({"status": KILL, "killed": "wall"}, Status.TIMEOUT),
        ({"status": KILL, "killed": "wall", "max": 3}, Status.PROCESS_LIMIT),
        ({"status": FAILED, "max": 1}, Status.PROCESS_LIMIT),
        ({"status": FAILED, "disk_full": True}, Status.DISK_LIMIT),
        ({"status": FAILED, "oom_kill": 1}, Status.MEMORY_LIMIT),
    ],
)
def test_the_cause_that_explains_the_end_is_named(facts: dict[str, Any], status: Status) -> None:
    assert told(**facts).status is status


@pytest.mark.parametrize("pressed", [{"oom_kill": 2}, {"max": 2}, {"disk_full": True}])
def test_a_program_that_met_a_limit_and_went_on_to_succeed_has_exited(pressed: dict[str, Any]) -> None:
    assert told(**pressed).status is Status.EXITED


@pytest.mark.parametrize(
    ("status", "seen"), [(0, Status.EXITED), (FAILED, Status.EXITED), (KILL, Status.EXITED), (SEGV, Status.SIGNALED)]
)
def test_a_candidate_that_is_sent_home_after_its_tests_has_exited_unless_it_crashed(status: int, seen: Status) -> None:
    assert told(status=status, killed="done").status is seen


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("OSError: [Errno 28] No space left on device", Status.DISK_LIMIT),
        ("OSError: [Errno 27] File too large", Status.DISK_LIMIT),
        ("BlockingIOError: [Errno 11] Resource temporarily unavailable", Status.PROCESS_LIMIT),
        ("RuntimeError: can't start new thread", Status.PROCESS_LIMIT),
        ("No space left on device" + " " * TAIL, Status.EXITED),
    ],
)
def test_a_failures_last_words_name_the_limit(words: str, status: Status) -> None:
    assert told(status=FAILED, stderr=b64(words.encode())).status is status


def test_last_words_of_a_success_mean_nothing() -> None:
    assert told(stderr=b64(b"No space left on device")).status is Status.EXITED


@pytest.mark.parametrize(
    ("facts", "exit_code", "number"),
    [
        ({"status": 0}, 0, None),
        ({"status": 127 << 8}, 127, None),
        ({"status": SEGV}, None, SEGV),
        ({"status": SEGV | 0x80}, None, SEGV),
        ({"status": KILL, "killed": "wall"}, None, None),
    ],
)
def test_exit_code_and_signal_are_the_programs_own(
    facts: dict[str, Any], exit_code: int | None, number: int | None
) -> None:
    ended = told(**facts)
    assert (ended.exit_code, ended.signal) == (exit_code, number)


def test_counters_that_a_sandbox_does_not_have_explain_nothing() -> None:
    facts = {"status": FAILED, "cpu_s": 0.1, "wall_s": 0.2, "peak_mib": 1.0, "stdout": "", "stderr": ""}
    ended = execution(facts | {"truncated": [], "killed": None}, Limits(), frozenset(), "test")
    assert (ended.status, ended.enforced, ended.image) == (Status.EXITED, frozenset(), None)


def test_the_other_facts_are_handed_on() -> None:
    ended = told(stdout=b64(b"a\xff"), stderr=b64(b"b"), truncated=["stderr"])
    assert (ended.stdout, ended.stderr) == ("a\ufffd", "b")
    assert (ended.stdout_truncated, ended.stderr_truncated) == (False, True)
    assert (ended.cpu_s, ended.wall_s, ended.peak_memory_mib) == (0.1, 0.2, 14.5)
    assert (ended.enforced, ended.backend, ended.image) == (LIMITS, "test", "sha256:1")
