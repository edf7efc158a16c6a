"""Runs untrusted programs on this machine without any daemon: namespaces, no privileges, limits, a filter.

What is isolated: every program runs in fresh pid, mount, ipc and host name namespaces, in a user and a network
namespace of its slot's (without a link), not as root, with no capability, under a filter on system calls and the limits
that it is given. It sees its own processes, a private folder in memory, and read-only files that its language needs.
Started by root, every slot is a host user of its own that owns nothing. What is left open: the kernel's allowed system
calls, timing, and reading the language's installation. ``launch`` and ``confine`` in ``inside`` do the work.
"""

import atexit
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from annotated_types import Ge, Le

from rft.errors import InputError, SandboxError
from rft.options import Count
from rft.sandboxes import jobs
from rft.sandboxes.facts import LIMITS, execution
from rft.sandboxes.languages import find, not_installed
from rft.sandboxes.local import cgroups, installed, toolchain
from rft.sandboxes.local.launched import Launched, isolation_fault
from rft.sandboxes.pool import CLOSED, Channel, Pool
from rft.types import JSON, Examination, Execution, Limits, Program

FIRST_UID = 0x70000000
"""Host users from here on belong to nobody; each slot of root's is one of them."""
MAX_PIDS, SLOTS_PER_PROCESS = 1 << 17, 1024
MAX_SLOTS = 128
PACKAGES = ("numpy",)
_numbers = itertools.count()


@dataclass
class LocalSandbox:
    """Runs programs in namespaces of this machine's kernel (Linux), as many at a time as there are slots."""

    slots: Annotated[int, Ge(0), Le(MAX_SLOTS)] = 0
    """Executions of a language at the same time; 0: one per processor."""
    recycle_after: Count = 10_000
    """A slot's interpreters are replaced after so many executions."""
    packages: tuple[str, ...] = PACKAGES
    """Packages of this Python environment that programs may import, if they are installed here."""
    unsafe: bool = False
    """Where the kernel offers no isolation, run Python programs as plain processes. Never for what a model wrote."""
    backend: str = field(default="local", init=False)
    has_exams: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Removes what killed processes left; starts nothing yet.

        Raises:
            InputError: this kernel offers no isolation.
        """
        for name in set(self.packages) - set(PACKAGES):
            if not toolchain.has(name):
                raise InputError(f"sandbox 'local', option 'packages': {name!r} is not installed in this environment")
        self.slots = self.slots or len(os.sched_getaffinity(0))
        fault = isolation_fault()
        if fault is not None and not self.unsafe:
            raise InputError(
                f"this kernel offers no isolation here ({fault}); allow user namespaces, use the docker sandbox, or, "
                "only for programs that you trust, set sandbox.unsafe=true"
            )
        self._isolated = fault is None
        cgroups.sweep()
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._groups: dict[int, cgroups.Cgroup | None] = {}
        self._closed = False
        # without namespaces nothing bounds the files of a program, or what it starts and leaves behind
        self.enforced = LIMITS | {"isolation"} if self._isolated else LIMITS - {"disk_mib", "processes"}
        atexit.register(self.close)

    def run(self, program: Program, limits: Limits) -> Execution:
        """Runs one program to its end (see ``rft.types.Sandbox``)."""
        return jobs.run(self._pool(program.language), program, limits, self._execution)

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        """Loads a candidate and its tests in two processes (see ``rft.types.Sandbox``)."""
        return jobs.examine(self._pool(candidate.language), candidate, exam, limits, self._execution)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While it is held by a thread, nothing else runs in this sandbox."""
        with ExitStack() as held:
            for pool in list(self._pools.values()):
                held.enter_context(pool.alone())
            yield

    def close(self) -> None:
        """Ends everything and leaves nothing behind. Safe to call twice."""
        with self._lock:
            self._closed = True
            pools, self._pools = self._pools, {}
            groups, self._groups = self._groups, {}
        for pool in pools.values():
            pool.close()
        for group in groups.values():
            if group is not None:
                group.remove()
        atexit.unregister(self.close)

    def _execution(self, facts: dict[str, Any], limits: Limits) -> Execution:
        return execution(facts, limits, self.enforced, self.backend)

    def _pool(self, language: str) -> Pool:
        """The slots of one language: each language sees its own files only."""
        spec = find(language)
        with self._lock:
            if self._closed:
                raise SandboxError(CLOSED)
            if spec.name not in self._pools:
                if installed.command(spec) is None:
                    raise not_installed(spec, "on this machine")
                first = len(self._pools) + os.getpid()  # languages and processes shall not all begin with one processor
                starts: list[Callable[[], Channel]] = [
                    partial(self._launch, spec.name, next(_numbers), first + slot) for slot in range(self.slots)
                ]
                self._pools[spec.name] = Pool(starts, self.recycle_after)
            return self._pools[spec.name]

    def _launch(self, language: str, number: int, slot: int) -> Launched:
        """Starts the supervisor of a slot, in the slot's own control group where there are any."""
        with self._lock:
            if self._closed:  # a group that is made now would stay
                raise SandboxError(CLOSED)
            if number not in self._groups:
                self._groups[number] = cgroups.make(str(number))
            group = self._groups[number]
        if not self._isolated:
            return Launched(None, group)
        plan = {
            **toolchain.visible(self.packages, language),
            "uid": FIRST_UID + (os.getpid() % MAX_PIDS) * SLOTS_PER_PROCESS + number % SLOTS_PER_PROCESS,
            "slot": f"{slot}/{self.slots}",
            "join": group.join if group else [],
            "counters": group.counters if group else {},
        }
        return Launched(plan, group)
