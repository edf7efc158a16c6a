"""Runs untrusted programs in Docker containers: the local sandbox's supervisor behind the engine's walls.

What is isolated: every slot is a warm container without network, on a read-only root, not as root, without a
capability or a way to new privileges, under a seccomp profile and limits on memory, processes and processors for all
that is in it. In it every program gets what it gets in a local sandbox (see ``rft.sandboxes.inside.child.confine``):
namespaces, a private folder in memory and limits of its own, so that programs of one container never meet. What is
left open: the kernel's allowed system calls (with ``runtime: runsc`` even those end in user space), timing, and
reading what the image holds.
"""

import atexit
import os
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Annotated, Any
from weakref import WeakSet

from annotated_types import Ge

from rft.errors import InputError, SandboxError
from rft.options import Count, Positive
from rft.sandboxes import jobs
from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import Container, ContainerShape, configuration, connect
from rft.sandboxes.docker.leftovers import OWNER, RUN, owner, sweep, sweep_own
from rft.sandboxes.facts import LIMITS, execution
from rft.sandboxes.pool import Pool
from rft.types import JSON, Examination, Execution, Limits, Program

SPARE_MIB = 256
"""What the supervisor, two warm interpreters and a tester take of a container's memory."""
SPARE_PROCESSES = 24
ENGINE_BACK_S = 60.0
"""How long a slot waits for an engine that went away: one that is restarted is back within seconds."""
POLL_S = 0.5


@dataclass
class DockerSandbox:
    """Runs programs in warm containers of a Docker engine, as many at a time as there are slots."""

    slots: Annotated[int, Ge(0)] = 0
    """Executions at the same time, each in a container of its own; 0: one per processor of the engine's machine."""
    image: str | None = None
    """A flavour (plain, packages, languages, full) or an image's name; None: the richest flavour that was built."""
    runtime: str | None = None
    """The OCI runtime, e.g. ``runsc``; None: the engine's own."""
    recycle_after: Count = 2000
    """A container is replaced after so many executions."""
    memory_mib: Count = 2048
    """Memory of a container, without swap, in MiB; must exceed what one program may use by 256."""
    cpus: Positive = 2.0
    """Processors of a container."""
    processes: Count = 256
    """Processes and threads of a container."""
    host: str | None = None
    """The engine's address, e.g. ``tcp://10.0.0.7:2376``; None: what ``DOCKER_HOST`` says, or this machine's."""
    backend: str = field(default="docker", init=False)
    has_exams: bool = field(default=True, init=False)
    enforced: frozenset[str] = field(default=LIMITS | {"isolation"}, init=False)

    def __post_init__(self) -> None:
        """Finds engine and image, and removes what killed processes left; starts no container yet.

        Raises:
            InputError: no engine answers, or the image or the runtime is not there.
        """
        self._closed = False
        self._engine = connect(self.host)
        try:
            self.info: dict[str, Any] = self._engine.info()
            self._check_runtime()
            self.found = images.find(self._engine, self.image)
            sweep(self._engine)
        except BaseException:
            self._engine.close()
            raise
        if self.runtime:
            self.backend = f"docker/{self.runtime}"
        self.slots = self.slots or int(self.info.get("NCPU") or os.cpu_count() or 1)
        self.id = token_hex(8)
        self._started: WeakSet[Container] = WeakSet()
        self._pool = Pool([partial(self._start, slot) for slot in range(self.slots)], self.recycle_after)
        atexit.register(self.close)

    def run(self, program: Program, limits: Limits) -> Execution:
        """Runs one program to its end (see ``rft.types.Sandbox``)."""
        self._check_room(limits)
        return jobs.run(self._pool, program, limits, self._execution)

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        """Loads a candidate and its tests in two processes (see ``rft.types.Sandbox``)."""
        self._check_room(limits)
        return jobs.examine(self._pool, candidate, exam, limits, self._execution)

    def alone(self) -> AbstractContextManager[None]:
        """While it is held by a thread, nothing else runs in this sandbox."""
        return self._pool.alone()

    def close(self) -> None:
        """Removes every container that it started. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._pool.close()
        for container in list(self._started):
            container.close()
        with suppress(Exception):  # the engine may be gone, in which case so are they
            sweep_own(self._engine, self.id)
        self._engine.close()

    def _execution(self, facts: dict[str, Any], limits: Limits) -> Execution:
        return execution(facts, limits, self.enforced, self.backend, self.found.digest)

    def _start(self, slot: int) -> Container:
        """Starts a container; waits for an engine that is away."""
        from docker.errors import APIError

        shape = ContainerShape(self.found.digest, self.memory_mib, self.cpus, self.processes, self.runtime)
        config = configuration(shape, self.info, {OWNER: owner(), RUN: self.id}, f"{slot}/{self.slots}")
        deadline = time.monotonic() + ENGINE_BACK_S
        while True:
            try:
                container = Container(self._engine, config)
            except SandboxError as error:
                answered = isinstance(error.__cause__, APIError)
                if answered or self._closed or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)
                continue
            self._started.add(container)
            if self._closed:  # what was added before is ended by close()
                container.close()
                raise SandboxError("the sandbox is closed")
            return container

    def _check_runtime(self) -> None:
        known = self.info.get("Runtimes") or {}
        if self.runtime and self.runtime not in known:
            raise InputError(
                f"sandbox 'docker', option 'runtime': the engine has no '{self.runtime}'; it has: {', '.join(known)}"
            )

    def _check_room(self, limits: Limits) -> None:
        wanted = {
            "memory_mib": limits.memory_mib + limits.disk_mib + SPARE_MIB,
            "processes": limits.processes + SPARE_PROCESSES,
        }
        for option, least in wanted.items():
            if getattr(self, option) < least:
                raise InputError(
                    f"sandbox 'docker', option '{option}': {getattr(self, option)} is too little for these limits; "
                    f"at least {least} is needed"
                )
