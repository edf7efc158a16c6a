"""A tester that waits for the next candidate, be it of the same problem or another; ``examiner`` says when it may.

It saves a fork, whose cost is the pages that the child writes: as much again as the candidate's own.
"""

import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from rft.sandboxes.inside.supervisor.observed import Child
from rft.sandboxes.inside.supervisor.zygotes import ZygoteControl

MAX_EXAMS = 200
"""Candidates that one tester examines."""
MAX_CPU_S = 600.0
"""Processor time after which none is examined any more; far below the kernel's limit for testers."""
END_S = 20.0
"""Time for a killed tester to be gone."""


class Standing:
    """At most one waiting tester per supervisor."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._next: socket.socket | None = None

    def keep(self, child: Child, following: socket.socket) -> None:
        """Keeps a tester that has just reported."""
        self.dismiss()
        self._child, self._next = child, following
        child.n_exams += 1
        if child.n_exams >= MAX_EXAMS or child.spent_s > MAX_CPU_S:
            self.dismiss()

    def rejoin(
        self, zygote: ZygoteControl, fds: Sequence[int], limits: dict[str, Any]
    ) -> tuple[Child, socket.socket] | None:
        """Hands an exam to the waiting tester, if it is of that zygote; one that is found dead is dismissed."""
        if self._child is None or self._next is None or self._child.zygote is not zygote:
            return None
        child = self._child
        child.again(limits)
        try:
            socket.send_fds(self._next, [b"\0"], list(fds))
        except OSError:  # it is gone
            self.dismiss()
            return None
        self._child = None
        return child, self._next

    def dismiss(self) -> None:
        """Ends the waiting tester; its zygote is free when this returns."""
        child, self._child = self._child, None
        if child is None or child.pidfd is None:
            return
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        child.zygote.control.settimeout(END_S)
        child.zygote.answer()
        child.zygote.control.settimeout(None)
        child.closing.close()

    def forget(self) -> None:
        """Forgets the waiting tester, whose zygote was ended."""
        child, self._child = self._child, None
        if child is not None:
            child.closing.close()
