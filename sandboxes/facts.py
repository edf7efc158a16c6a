"""From what a supervisor reports to an ``Execution``. Pure; knows nothing of verdicts."""

import base64
import os
import signal
from collections.abc import Mapping
from typing import Any

from rft.sandboxes.limits import NAMES
from rft.types import Execution, Limits, Status

LIMITS = frozenset(NAMES)
LAST_WORDS = {
    "No space left on device": Status.DISK_LIMIT,
    "File too large": Status.DISK_LIMIT,
    "Resource temporarily unavailable": Status.PROCESS_LIMIT,
    "can't start new thread": Status.PROCESS_LIMIT,
}
"""What a failing program's stderr ends with when a limit stopped it. A program may lie here: about how it failed."""
TAIL = 300
SURELY_CPU = 0.5
"""A first process that died of SIGKILL was killed by the kernel, for memory or for time; if it had used so much of its
time, for time. (The kernel limits time by ticks, which on a busy machine run ahead of what it measures.)"""


def execution(
    facts: Mapping[str, Any], limits: Limits, enforced: frozenset[str], backend: str, image: str | None = None
) -> Execution:
    """Returns what happened to one child of a supervisor's job."""
    code = os.waitstatus_to_exitcode(facts["status"])
    stdout, stderr = _text(facts["stdout"]), _text(facts["stderr"])
    status = _status(facts, code, limits, stderr)
    return Execution(
        status=status,
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 and facts["killed"] is None else None,
        stdout=stdout,
        stderr=stderr,
        stdout_truncated="stdout" in facts["truncated"],
        stderr_truncated="stderr" in facts["truncated"],
        cpu_s=facts["cpu_s"],
        wall_s=facts["wall_s"],
        peak_memory_mib=facts["peak_mib"],
        enforced=enforced,
        backend=backend,
        image=image,
    )


def _status(facts: Mapping[str, Any], code: int, limits: Limits, stderr: str) -> Status:
    if facts["killed"] == "output":
        return Status.OUTPUT_LIMIT
    if facts["killed"] == "memory" or (code != 0 and facts.get("oom_kill", 0) > 0):
        return Status.MEMORY_LIMIT
    if facts["killed"] == "wall":
        return Status.PROCESS_LIMIT if facts.get("max", 0) > 0 else Status.TIMEOUT
    # "done" is our own kill, but what had ended just before, and so ended its tester, has a signal of its own
    if code == 0 or (facts["killed"] == "done" and code == -signal.SIGKILL):
        return Status.EXITED
    if facts.get("max", 0) > 0:
        return Status.PROCESS_LIMIT
    if facts.get("disk_full"):
        return Status.DISK_LIMIT
    if code < 0:
        return _by_signal(-code, facts["cpu_s"], limits)
    return next((status for words, status in LAST_WORDS.items() if words in stderr[-TAIL:]), Status.EXITED)


def _by_signal(number: int, cpu_s: float, limits: Limits) -> Status:
    match number:
        case signal.SIGXCPU:
            return Status.TIMEOUT
        case signal.SIGKILL if cpu_s >= SURELY_CPU * limits.cpu_s:
            return Status.TIMEOUT
        case signal.SIGSYS:
            return Status.FORBIDDEN
        case signal.SIGXFSZ:
            return Status.DISK_LIMIT
    return Status.SIGNALED


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8", "replace")
