"""Keeps the zygotes of a sandbox: one per role and set of loaded packages, started when first needed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rft.sandboxes.inside.child.confine import ENVIRONMENT

START_S = 60.0
"""Time for an interpreter to start; generous, since a busy machine is not the candidate's fault."""


class SupervisorError(Exception):
    """Something failed on our side; it says nothing of the program."""


class ZygoteControl:
    """The control socket of one zygote."""

    def __init__(self, mode: str, preload: Sequence[str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            script = str(Path(__file__).parents[1] / "child" / "zygote.py")
            command = [sys.executable, "-I", "-S", "-B", script, str(theirs.fileno()), mode, *preload]
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
            )
        self.control = ours
        ours.settimeout(START_S)
        # the process that was started moves into its namespaces, leaves a child there and ends
        status = started.wait(START_S)
        try:
            ready, fds, _, _ = socket.recv_fds(ours, 1 << 12, 1)
        except TimeoutError:
            ready, fds = b"", []
        ours.settimeout(None)
        if not ready:
            ours.close()
            raise SupervisorError(f"a warm interpreter could not be started (exit status {status}); stderr says why")
        self._pidfd = fds[0]

    def order(self, order: dict[str, Any], fds: Sequence[int]) -> None:
        """Has a child forked; the answer comes on ``control``."""
        try:
            socket.send_fds(self.control, [json.dumps(order).encode()], list(fds))
        except OSError as error:
            raise SupervisorError(f"a warm interpreter is gone: {error}") from error

    def answer(self) -> tuple[dict[str, Any], list[int]]:
        """Returns what the zygote says, and descriptors that came along."""
        message, fds, _, _ = socket.recv_fds(self.control, 1 << 12, 2)
        if not message:
            raise SupervisorError("a warm interpreter died")
        said = json.loads(message)
        if "fault" in said:
            raise SupervisorError(said["fault"])
        return said, fds

    def close(self) -> None:
        """Kills the zygote, and with it every process in its namespace; returns when they are gone."""
        self.control.close()
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        os.close(self._pidfd)


class Zygotes:
    """Zygotes by role and packages."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._running: dict[tuple[str, ...], ZygoteControl] = {}

    def get(self, role: str, preload: Sequence[str]) -> ZygoteControl:
        """Returns the zygote for a role (candidate, tester), with packages loaded.

        Raises:
            SupervisorError: it cannot be started.
        """
        key = (role, *preload)
        if key not in self._running:
            self._running[key] = ZygoteControl(self.mode, preload)
        return self._running[key]

    def close(self) -> None:
        """Ends all of them."""
        while self._running:
            self._running.popitem()[1].close()

    def __enter__(self) -> "Zygotes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
