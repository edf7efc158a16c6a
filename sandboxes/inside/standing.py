"""A tester that stays for the next candidate of the same problem.

Rejection sampling judges many candidates by the same tests. A tester of call cases that saw nothing but ordinary
answers may go on with the next one: it runs no code but ours and was only ever sent plain values. It saves a fork,
whose cost is the pages that the child writes.
"""

import hashlib
import signal
import socket
from contextlib import suppress

from rft.sandboxes.inside.observed import Child
from rft.sandboxes.inside.zygotes import Zygote

MAX_EXAMS = 200
"""Candidates that one tester examines."""
END_S = 20.0
"""Time for a killed tester to be gone."""


def key_of(payload: bytes) -> bytes:
    """Returns a digest by which equal tests are known."""
    return hashlib.blake2b(payload, digest_size=16).digest()


class Standing:
    """At most one waiting tester per supervisor."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._key = b""
        self._next: socket.socket | None = None

    def keep(self, child: Child, key: bytes, following: socket.socket) -> None:
        """Keeps a tester that has just reported."""
        self.dismiss()
        self._child, self._key, self._next = child, key, following
        child.n_exams += 1
        if child.n_exams >= MAX_EXAMS:
            self.dismiss()

    def rejoin(self, key: bytes, rpc: int, report: int) -> tuple[Child, socket.socket] | None:
        """Hands the next candidate to the waiting tester, if its tests are the same; it waits no longer."""
        if self._child is None or self._next is None or key != self._key:
            return None
        try:
            socket.send_fds(self._next, [b"next"], [rpc, report])
        except OSError:  # it is gone
            return None
        child, self._child = self._child, None
        child.again()
        return child, self._next

    def make_way(self, zygote: Zygote) -> None:
        """Ends the waiting tester if it keeps a zygote from forking another."""
        if self._child is not None and self._child.zygote is zygote:
            self.dismiss()

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
        """Lets go of the waiting tester, whose zygote was ended."""
        child, self._child = self._child, None
        if child is not None:
            child.closing.close()
