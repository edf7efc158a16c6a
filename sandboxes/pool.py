"""A pool of warm sandboxes: lends one per job, replaces one that failed, and tries its job once more.

A *slot* is a supervisor (``rft.sandboxes.inside.supervisor``) behind one byte stream. How one is started
depends on the backend; everything else is here, for local sandboxes and containers alike.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from rft.errors import SandboxError
from rft.sandboxes.inside import frames
from rft.sandboxes.latest import Latest

MAX_REPLY = 256 << 20
START_S = 120.0
"""Time for a slot to be ready; generous, since a busy machine is not the candidate's fault."""
GRACE_S = 120.0
"""Longer than a job's own limits we wait for the supervisor, which enforces them, before it is given up."""
TRIES = 2
MAX_ARTIFACTS_MIB = 256
CLOSED = "the sandbox is closed"
BACK_OFF_S = (0.0, 0.5, 2.0, 5.0)
"""Waits between attempts to start a slot: an engine may be restarting."""


class Channel(Protocol):
    """The byte stream to a supervisor, and what keeps it alive."""

    def send(self, data: bytes) -> None:
        """Sends all of ``data``; OSError when the stream is broken."""

    def recv(self, n: int) -> bytes:
        """Returns 1 to n bytes, none at the end; OSError when the stream is broken or the time is up."""

    def settimeout(self, seconds: float | None) -> None:
        """How long ``send`` and ``recv`` may take."""

    def bound(self, limits: Mapping[str, Any]) -> bool:
        """Bounds the memory of all programs in the slot together, if that can be done from outside; whether it was."""

    def said(self) -> str:
        """The end of the supervisor's standard error, for messages."""

    def close(self) -> None:
        """Ends the supervisor with all that runs under it, and waits for that. Safe to call twice."""


class NotStartedError(SandboxError):
    """No supervisor could be started; the cause may pass."""


class Slot:
    """One supervisor; started by the first job."""

    def __init__(self, start: Callable[[], Channel], recycle_after: int) -> None:
        self._start, self._recycle_after = start, recycle_after
        self._channel: Channel | None = None
        self._jobs = 0
        self._closed = False

    def ask(self, job: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Returns the supervisor's reply.

        Raises:
            SandboxError: it failed; it is ended, and the next job gets a fresh one.
        """
        channel = self._ready()
        self._jobs += 1
        try:
            reply = self._exchange(channel, job, timeout_s)
        except (OSError, EOFError, ValueError) as error:
            said = channel.said()
            self.stop()
            raise SandboxError(f"the sandbox failed: {error or type(error).__name__}{said and f'; {said}'}") from error
        except BaseException:  # interrupted between question and reply: the next one would get this one's
            self.stop()
            raise
        if "fault" in reply:
            said = channel.said()
            self.stop()
            raise SandboxError(f"the sandbox failed: {reply['fault']}{said and f'; {said}'}")
        if self._jobs >= self._recycle_after:
            self.stop()
        return reply

    def stop(self) -> None:
        """Ends the supervisor and waits until it is gone. From any thread: one that waits for a reply gets an error."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def close(self) -> None:
        """Ends the supervisor for good."""
        self._closed = True
        self.stop()

    def _ready(self) -> Channel:
        channel = self._channel
        if channel is None:
            try:
                channel = self._channel = self._start()
            except SandboxError as error:
                raise NotStartedError(str(error)) from error
            self._jobs = 0
            if self._closed:  # while it was starting
                self.stop()
                raise SandboxError(CLOSED)
            try:
                channel.settimeout(START_S)
                frames.unpack(channel.recv, MAX_REPLY)
            except (OSError, EOFError, ValueError) as error:
                said = channel.said()
                self.stop()
                raise NotStartedError(f"the sandbox did not start: {said or error or type(error).__name__}") from error
            except BaseException:  # interrupted before it said hello: the next job would take that for its reply
                self.stop()
                raise
        return channel

    @staticmethod
    def _exchange(channel: Channel, job: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        if "limits" in job:
            job = job | {"bounded": channel.bound(job["limits"])}
        channel.settimeout(timeout_s)
        channel.send(frames.pack(job))
        reply = frames.unpack(channel.recv, MAX_REPLY)
        if not isinstance(reply, dict):
            raise ValueError("the supervisor's reply is not an object")
        return reply


class Pool:
    """Slots, lent to one thread each."""

    def __init__(self, starts: list[Callable[[], Channel]], recycle_after: int) -> None:
        """Starts nothing yet.

        Args:
            starts: one per slot: starts its supervisor; SandboxError when it cannot be started now, InputError when it
                never will.
            recycle_after: a supervisor is replaced after this many jobs.
        """
        self._slots = [Slot(start, recycle_after) for start in starts]
        self._free = list(self._slots)
        self._change = threading.Condition()
        self._waiting: deque[object] = deque()
        """Tickets of the threads that wait for a slot, in their order."""
        self._sole: int | None = None
        """The thread that wants, or has, the pool for itself."""
        self._closed = False
        self._offered: dict[str, bool] = {}
        self.artifacts = Latest[bytes](MAX_ARTIFACTS_MIB << 20, len)
        """What was compiled lately, by source: a program that is run on many inputs is compiled once."""

    def offers(self, command: str, path: str) -> bool:
        """Whether a command is on a path, inside.

        Raises:
            SandboxError, InputError: see ``ask``.
        """
        if command not in self._offered:
            self._offered[command] = self.ask({"which": [command], "path": path}, START_S)["which"][command] is not None
        return self._offered[command]

    def ask(self, job: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Returns the reply of some slot; a job whose slot failed is tried once more, in a fresh one.

        Args:
            job: what ``rft.sandboxes.inside.supervisor.supervisor`` takes.
            timeout_s: what the job's own limits allow.

        Raises:
            SandboxError: it failed again, or no slot can be started, or the pool is closed.
            InputError: no slot can ever be started here.
        """
        with self._slot() as slot:
            starts, failures = iter(BACK_OFF_S), 0
            while True:
                try:
                    return slot.ask(job, timeout_s + GRACE_S)
                except SandboxError as error:
                    failures += not isinstance(error, NotStartedError)
                    wait_s = next(starts, None)
                    if self._closed or wait_s is None or failures == TRIES:
                        raise
                    time.sleep(wait_s)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While it is held, only the holding thread gets a slot."""
        me = threading.get_ident()
        with self._change:
            self._change.wait_for(lambda: self._sole is None)
            self._sole = me
        try:
            with self._change:
                self._change.wait_for(lambda: len(self._free) == len(self._slots) or self._closed)
            yield
        finally:
            with self._change:
                self._sole = None
                self._change.notify_all()

    @property
    def busy(self) -> int:
        """Slots that are at work."""
        return len(self._slots) - len(self._free)

    def close(self) -> None:
        """Ends all slots, busy ones too, and waits. Safe to call twice."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for slot in self._slots:
            slot.close()

    def _is_next(self, ticket: object, thread: int) -> bool:
        """First come, first served, except for a thread that has the pool to itself."""
        return self._sole == thread or (self._sole is None and self._waiting[0] is ticket)

    @contextmanager
    def _slot(self) -> Iterator[Slot]:
        me = threading.get_ident()
        with self._change:
            ticket = object()
            self._waiting.append(ticket)
            try:
                self._change.wait_for(lambda: self._closed or (self._free and self._is_next(ticket, me)))
            finally:
                self._waiting.remove(ticket)
                self._change.notify_all()
            if self._closed:
                raise SandboxError(CLOSED)
            slot = self._free.pop()  # the one that was used last: it is warm
        try:
            yield slot
        finally:
            with self._change:
                self._free.append(slot)
                self._change.notify_all()
            if self._closed:
                with suppress(OSError):
                    slot.stop()
