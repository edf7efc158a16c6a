"""A small process that stands between a parent and an engine, so that no process of the engine outlives its use.

vLLM starts processes of its own (an engine core, workers, a resource tracker). Whichever process is killed, and even
if that happens with ``kill -9``, all of them have to go within seconds, or the next start finds no memory. The warden
watches the parent and the engine, ends the whole process group when one of them is gone or when it is told to
(SIGTERM), and waits until every process of the group is reaped.

It does not help when warden, parent and engine are all killed in the same instant while the engine has processes of
its own; a warden that is killed alone takes the engine with it, and the parent clears up the rest.
"""

import ctypes
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

GRACE_S = 3.0
"""How long the engine's processes may take to end by themselves before they are killed."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_TICK_S = 0.05


def guard(parent: int, pipes: Iterable[int]) -> None:
    """Splits the process in two and returns in the child, which is to be the engine. The other becomes the warden.

    Must be called in the leader of a process group of its own, before there are any threads.

    Args:
        parent: process id of the process that the engine works for.
        pipes: file descriptors that only the engine is to hold; the warden closes them.
    """
    warden = os.getpid()
    engine = os.fork()
    if engine == 0:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != warden:  # it died before the line above took effect
            os._exit(1)
        return
    for pipe in pipes:
        os.close(pipe)
    # Orphans of the engine become children of the warden, which can then tell when the last one has gone.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _watch(parent, engine)


def _watch(parent: int, engine: int) -> None:
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    while not told and os.getppid() == parent and not _reaped(engine):
        time.sleep(_TICK_S)
    os.killpg(0, signal.SIGTERM)
    asked = time.monotonic()
    while not _none_left():
        # Python's resource tracker unlinks the shared memory of the dead, as soon as they are; so it goes last.
        if time.monotonic() > asked + GRACE_S:
            _kill_others(but="" if time.monotonic() > asked + 2 * GRACE_S else "resource_tracker")
        time.sleep(_TICK_S)
    os._exit(0)


def _reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _none_left() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _kill_others(but: str) -> None:
    """Kills what is left of the group, one by one, since this process is still to see them end.

    Args:
        but: spare processes with this text in their command line; empty spares none.
    """
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            pid, group = int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[2])
            command = stat.with_name("cmdline").read_text("utf-8", "replace")
            if group == os.getpgrp() and pid != os.getpid() and not (but and but in command):
                os.kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    # On a system without prctl (not Linux) nothing is lost but the two guarantees that hang on it.
    call = getattr(ctypes.CDLL(None), "prctl", None)
    if call is not None:
        call(option, value, 0, 0, 0)
