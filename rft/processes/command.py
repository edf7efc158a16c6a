"""Runs a command as a process group of its own: output to a log, ended on interrupt, time-out and with its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rft.processes.parent_watch import COMMAND_GRACE_S

WATCHER = Path(__file__).with_name("parent_watch.py")
END_S = COMMAND_GRACE_S + 2.0
"""How long the watcher may take to end the group before this process kills it."""
POLL_S = 0.2
LOG_TAIL_BYTES = 16_384


class TimeLimitError(Exception):
    """The command ran past its limit and was killed."""


def run_logged(
    command: Sequence[str],
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float | None = None,
    on_poll: Callable[[], None] = lambda: None,
) -> int:
    """Runs a command to its end and returns its exit status (128 + n after signal n, 127 when it cannot be started).

    Args:
        command: program and arguments; no shell is involved.
        log: takes stdout and stderr together, appended.
        env: variables on top of this process's own.
        cwd: where it runs.
        timeout_s: wall-clock limit.
        on_poll: called a few times per second while it runs, and once after.

    Raises:
        TimeLimitError: it was killed at the limit.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with log.open("ab") as stream:
        watcher = subprocess.Popen(
            [sys.executable, "-I", str(WATCHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    try:
        while (code := _wait(watcher, POLL_S)) is None:
            on_poll()
            if deadline is not None and time.monotonic() > deadline:
                raise TimeLimitError
        on_poll()
        return code
    finally:
        _end(watcher)


def tail(log: Path, n_lines: int = 8, start: int = 0) -> str:
    """Returns the last lines after byte ``start`` of a log that hold anything, for an error message."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(start, log.stat().st_size - LOG_TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    # Progress bars rewrite their line with carriage returns; only what was last on it counts.
    lines = [line.rstrip().rpartition("\r")[2] for line in text.split("\n")]
    return "\n".join([line for line in lines if line.strip()][-n_lines:])


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int | None:
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None


def _end(watcher: subprocess.Popen[bytes]) -> None:
    """Leaves no process of the group behind; a second Ctrl-C while waiting kills at once."""
    try:
        if watcher.poll() is None:
            watcher.send_signal(signal.SIGTERM)
            _wait(watcher, END_S)
    finally:
        # Also after a normal end: a trainer may leave workers that hold a GPU. The group's id stays taken while any
        # process is in it, and the watcher is the session leader, so no other group can have got the number.
        with suppress(ProcessLookupError):
            os.killpg(watcher.pid, signal.SIGKILL)
        watcher.wait()
