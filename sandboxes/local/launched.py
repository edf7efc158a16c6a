"""A supervisor that was launched on this machine, and the byte stream to it."""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any

from rft.errors import SandboxError
from rft.sandboxes.inside.child.confine import ANYWHERE, PROBE, UNSAFE
from rft.sandboxes.local import toolchain
from rft.sandboxes.local.cgroups import Cgroup
from rft.types import JSON

LAUNCH, SUPERVISOR = toolchain.INSIDE / "child" / "launch.py", toolchain.INSIDE / "supervisor" / "supervisor.py"
PYTHON = (str(toolchain.PYTHON), "-I", "-S", "-B")
PROBE_S = 20.0
STDERR_TAIL = 2000
END_S = 20.0
"""Time for killed processes to be gone."""


def isolation_fault() -> str | None:
    """Returns why this kernel cannot isolate programs, or None where it can."""
    try:
        tried = subprocess.run([*PYTHON, str(LAUNCH), PROBE], capture_output=True, text=True, timeout=PROBE_S, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["it was killed"])[-1]


class Launched:
    """A running supervisor in namespaces of its own (see ``rft.sandboxes.pool.Channel``)."""

    def __init__(self, plan: dict[str, JSON] | None, group: Cgroup | None) -> None:
        """Starts one; without a plan, a supervisor that isolates nothing."""
        self._group = group
        self._bounds: tuple[int, int] | None = None
        self._in_use = threading.Lock()
        command = [str(LAUNCH), json.dumps(plan)] if plan else [str(SUPERVISOR), "{}", UNSAFE, ANYWHERE]
        with ExitStack() as undo:
            try:
                # in memory: a full disk is not a reason to stop
                self._stderr = undo.enter_context(os.fdopen(os.memfd_create("stderr"), "rb", buffering=0))
                self._socket, theirs = map(undo.enter_context, socket.socketpair())
                self._process = subprocess.Popen(
                    [*PYTHON, *command],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._stderr,
                    env={},
                    cwd="/",
                )
            except OSError as error:
                raise SandboxError(f"a sandbox could not be started: {error}") from error
            undo.pop_all()
        theirs.close()

    def send(self, data: bytes) -> None:
        """Sends all of ``data``."""
        with self._in_use:
            self._socket.sendall(data)

    def recv(self, n: int) -> bytes:
        """Returns 1 to n bytes, none at the end."""
        with self._in_use:
            return self._socket.recv(n)

    def settimeout(self, seconds: float | None) -> None:
        """How long ``send`` and ``recv`` may take."""
        self._socket.settimeout(seconds)

    def bound(self, limits: Mapping[str, Any]) -> bool:
        """Sets what all programs in it may use together; False where there is no control group."""
        if self._group is None:
            return False
        wanted = (int(limits["memory_mib"]), int(limits["processes"]))
        if wanted != self._bounds:
            self._group.limit(*wanted)
            self._bounds = wanted
        return True

    def said(self) -> str:
        """The end of the supervisor's standard error."""
        with suppress(ValueError):  # it is closed
            fd = self._stderr.fileno()
            size = os.fstat(fd).st_size
            return os.pread(fd, STDERR_TAIL, max(0, size - STDERR_TAIL)).decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """Kills the supervisor, and with it every process in its pid namespace. Returns when they are gone."""
        with suppress(OSError):  # it is closed already, or the supervisor is gone
            self._socket.shutdown(socket.SHUT_RDWR)
        with self._in_use:  # a descriptor closed under a waiting thread may be another's when it looks again
            self._socket.close()
        self._process.kill()
        self._process.wait(END_S)
        if self._group is not None:
            self._group.end()
        self._stderr.close()
