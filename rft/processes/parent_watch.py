"""Ends child processes, with all that they started, when their parent is gone: for engines, commands and workers.

An engine or a trainer must not hold a GPU when the run above it was killed (``kill -9`` included, which no handler
sees). A small process, the *watcher*, stands between the two. It looks at its parent's process id 20 times a second.
When the parent is gone, or when the watcher is told to (SIGTERM), it ends the whole process group, first politely, and
waits until every process is reaped. It is a subreaper, so orphans become its children: those that left the group are
killed as well. When the watcher alone is killed, the kernel kills the child with it (PR_SET_PDEATHSIG), and the parent
clears up the rest.

It takes three forms:

- ``guard`` splits the calling process in two, the watcher and the child: for an engine, which is Python anyway.
- ``python -I parent_watch.py PARENT COMMAND [ARGUMENT ...]`` does the same for any command (``rft.processes.command``).
  When the command ends by itself, its status is returned at once and the rest of the group is left to the parent.
- ``has_gone`` is the test alone, for a worker that starts no processes and asks it while it is idle
  (``rft.processes.worker_main``). A watcher would double the processes of a pool, and PR_SET_PDEATHSIG would end a
  worker with the *thread* that started it, while a pool lends its workers to any thread.

What is left open: watcher, parent and child all killed in the same instant, while the child has processes of its own.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

GRACE_S = 3.0
"""How long an engine's processes may take to end by themselves before they are killed."""
COMMAND_GRACE_S = 10.0
"""The same for a command: a trainer may write a checkpoint."""
CANNOT_START = 127

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_TICK_S = 0.05


def has_gone(parent: int) -> bool:
    """Whether the process that started this one has ended; ``parent`` is its id, as it told us itself."""
    return os.getppid() != parent


def guard(parent: int, pipes: Iterable[int] = (), grace_s: float = GRACE_S, end_rest: bool = True) -> None:
    """Splits the process in two and returns in the child, which is to do the work. The other becomes the watcher.

    Must be called in the leader of a process group of its own, before there are any threads.

    Args:
        parent: process id of the process that the child works for.
        pipes: file descriptors that only the child is to hold; the watcher closes them.
        grace_s: seconds between SIGTERM and SIGKILL.
        end_rest: whether the group is ended too when the child has ended by itself.
    """
    watcher = os.getpid()
    child = os.fork()
    if child == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if has_gone(watcher):  # it died before the line above took effect
            os._exit(1)
        return
    for pipe in pipes:
        os.close(pipe)
    # Orphans of the child become children of the watcher, which can then tell when the last one has gone.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    os._exit(_watch(parent, child, grace_s, end_rest))


def _watch(parent: int, child: int, grace_s: float, end_rest: bool) -> int:
    """Waits for an end and returns the exit status: the child's as a shell says it, else 128 + SIGTERM."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    status = None
    while not told and not has_gone(parent) and (status := _status_of(child)) is None:
        time.sleep(_TICK_S)
    if status is None or end_rest:
        _end_group(grace_s)
    return 128 + signal.SIGTERM if status is None else status


def _end_group(grace_s: float) -> None:
    os.killpg(0, signal.SIGTERM)
    asked = time.monotonic()
    while not _none_left():
        # Python's resource tracker unlinks the shared memory of the dead, as soon as they are; so it goes last.
        if time.monotonic() > asked + grace_s:
            _kill_others(spared="" if time.monotonic() > asked + 2 * grace_s else "resource_tracker")
        time.sleep(_TICK_S)


def _status_of(child: int) -> int | None:
    """The exit status of a child that has ended (128 + n after signal n), None while it runs."""
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid != child:
        return None
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _none_left() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _kill_others(spared: str) -> None:
    """Kills what is left, one by one, since this process is still to see them end: the group, and adopted orphans.

    Args:
        spared: processes with this text in their command line are left; empty: none is.
    """
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid, parent, group = int(stat.parent.name), int(fields[1]), int(fields[2])
            command = stat.with_name("cmdline").read_text("utf-8", "replace")
            is_ours = pid != os.getpid() and (group == os.getpgrp() or parent == os.getpid())
            if is_ours and not (spared and spared in command):
                os.kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    # On a system without prctl (not Linux) nothing is lost except the two guarantees that depend on it.
    call = getattr(ctypes.CDLL(None), "prctl", None)
    if call is not None:
        call(option, value, 0, 0, 0)


def main(parent: int, command: list[str]) -> None:
    """Becomes the watcher of a command; the process ends with the command's status, 127 when it cannot be started."""
    guard(parent, grace_s=COMMAND_GRACE_S, end_rest=False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a command would inherit that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error}", file=sys.stderr, flush=True)
        os._exit(CANNOT_START)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
