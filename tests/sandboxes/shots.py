"""Finds the processes of this process's local sandboxes, and shoots at them. Never at anybody else's."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rft.errors import SandboxError
from rft.sandboxes.local import cgroups
from rft.types import JSON, Examination, Limits, Program, Sandbox

RIGHT, WRONG = Program("def add(a, b): return a + b"), Program("def add(a, b): return a - b")
EXAM: JSON = {"entry_point": "add", "program": "assert add(1, 2) == 3"}
SETTLE_S = 8.0
"""Time for killed processes to be gone; a test that has to wait for it all fails."""


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text("ascii").split())
    return found


def descendants(pid: int) -> list[int]:
    found, todo = [], [pid]
    while todo:
        found += (below := children(todo.pop()))
        todo += below
    return found


def command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return []


def running(script: str, owner: int | None = None) -> list[int]:
    """Processes of this process's sandboxes (or another owner's) that run launch.py, supervisor.py or zygote.py."""
    found = descendants(owner or os.getpid())
    return [p for p in found if any("/inside/" in part and part.endswith(f"/{script}") for part in command(p))]


def zygotes() -> list[int]:
    """The warm interpreters, by age: of every slot first the candidates', then the testers'."""
    return sorted(p for s in running("supervisor.py") for p in children(s) if p in running("zygote.py"))


def programs() -> list[int]:
    """What zygotes have forked."""
    return [p for zygote in zygotes() for p in children(zygote)]


def shoot(pids: list[int], number: int = signal.SIGKILL) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def groups(owner: int | None = None) -> list[Path]:
    """Control groups that belong to this process (or another owner)."""
    parents = set((cgroups._parents() or {}).values())
    return [found for parent in parents for found in parent.glob(f"{cgroups.PREFIX}{owner or os.getpid()}-*")]


def within(holds: Callable[[], bool], seconds: float = SETTLE_S) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return held


def nothing_left() -> bool:
    """Whether no process and no control group of this process's sandboxes is left."""
    return within(lambda: not running("launch.py") and not groups(), 2.0)


def verdict(sandbox: Sandbox, candidate: Program, limits: Limits | None = None) -> bool | None:
    """Whether a candidate passes the exam; None when the sandbox failed and said so."""
    try:
        return passed(sandbox.examine(candidate, EXAM, limits or Limits()))
    except SandboxError:
        return None


def passed(examined: Examination) -> bool:
    return bool(examined.report and examined.report["passed"])


@contextmanager
def another_owner(program: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a sandbox, which prints "up" when it has one."""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        yield owner


class Sniper:
    """Shoots one of the targets at random, whenever so many more jobs have ended."""

    def __init__(
        self, targets: Callable[[], list[int]], every: int, seed: int, fire: Callable[[list[int]], None] = shoot
    ) -> None:
        self._targets, self._every, self._random, self._fire = targets, every, random.Random(seed), fire
        self._ended, self.shots = 0, 0
        self._change = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._shoot)

    def count(self) -> None:
        """A job has ended."""
        with self._change:
            self._ended += 1
            self._change.notify()

    def __enter__(self) -> "Sniper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._over = True
            self._change.notify()
        self._thread.join()

    def _shoot(self) -> None:
        for due in range(self._every, 1 << 30, self._every):
            with self._change:
                self._change.wait_for(lambda due=due: self._over or self._ended >= due)  # type: ignore[misc]
                if self._over:
                    return
            while not (seen := self._targets()) and not self._over:
                time.sleep(0.002)
            if seen:
                self._fire([self._random.choice(seen)])
                self.shots += 1
