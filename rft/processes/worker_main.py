"""The worker's side of ``rft.processes.workers``: reads questions, answers them, and never outlives its parent.

It runs in a process of its own. Memory is capped before anything is imported. A kernel timer with its default action
(death) runs during every question, so a worker that is stuck inside one long C call ends even when the parent, whose
task it is to kill it, has gone; an idle worker ends at end-of-file, or when it sees that it has a new parent.
"""

import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rft.processes.parent_watch import has_gone
from rft.types import JSON

GRACE_S = 1.0
"""How much later than the parent's own time-out the kernel timer ends this process."""
PARENT_CHECK_S = 5.0
NEAR_CAP = 0.85
"""Share of the address-space cap above which a failure is put down to memory: libraries swallow MemoryError."""


def serve(make: Callable[[], Callable[[JSON], JSON]]) -> None:
    """Answers questions from stdin on stdout, one JSON line each, until end-of-file.

    The command line holds the memory cap in MiB and the parent's process id.

    Args:
        make: imports what is heavy and returns the function that answers; its reply may hold ``"failed": True`` for
            "no", which is then checked against the memory peak.
    """
    memory_mib, parent = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)  # what a library prints must not look like a reply
        answer = make()
        replies.write(b'{"ready": true}\n')
        while (line := _next_line(parent)) is not None:
            reply = _answered(answer, json.loads(line), memory_mib)
            replies.write(json.dumps(reply).encode() + b"\n")
            if "error" in reply:
                return


def _answered(answer: Callable[[JSON], JSON], job: JSON, memory_mib: int) -> dict[str, JSON]:
    start = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, job["timeout_s"] + GRACE_S)
    reply: dict[str, JSON] = {"value": None}
    try:
        reply["value"] = answer(job["question"])
    except MemoryError:
        reply["error"] = "memory"
    signal.setitimer(signal.ITIMER_REAL, 0)
    failed = isinstance(reply["value"], dict) and reply["value"].get("failed")
    if failed and _peak_mib("VmPeak") > NEAR_CAP * memory_mib:
        reply["error"] = "memory"
    reply["cpu_s"] = time.process_time() - start
    # not getrusage's ru_maxrss: across exec it keeps the peak of the process that started this one
    reply["peak_mib"] = _peak_mib("VmHWM")
    return reply


def _next_line(parent: int) -> bytes | None:
    while not select.select([sys.stdin], [], [], PARENT_CHECK_S)[0]:
        if has_gone(parent):
            return None
    return sys.stdin.buffer.readline() or None


def _peak_mib(name: str) -> float:
    """The high-water mark of address space (VmPeak) or of resident memory (VmHWM)."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux: the cap still holds, only the reason is less exact
        return 0.0
    peak = next(line for line in status.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(peak.split()[1]) / 1024
