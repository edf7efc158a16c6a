"""Several servers behind one client: who is free, who is resting, who is tried next. Knows nothing of HTTP.

Each endpoint takes a set number of calls at a time. One that fails ``FAULTS_TO_REST`` times in a row rests for a while
(twice as long each time); then one call tries it, and only when that works do the others follow.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rft.errors import SandboxError

FAULTS_TO_REST = 5
REST_S = 5.0
LONGEST_REST_S = 120.0


class EndpointError(Exception):
    """A call failed, and not because of the program; it may be made again.

    ``counts`` says whether it speaks against the endpoint: a clean "this run failed on our side" does not, or one odd
    program could put every endpoint to rest.
    """

    def __init__(self, message: str, counts: bool = True) -> None:
        super().__init__(message)
        self.counts = counts


class BusyError(Exception):
    """The endpoint asks for patience."""

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


class Endpoint:
    """One server; its counters belong to ``Endpoints`` and its lock."""

    def __init__(self, url: str, capacity: int) -> None:
        self.url = url
        self.capacity = capacity
        self.ours: bool | None = None
        """Whether it is an ``rft sandbox serve``; None before it has answered."""
        self.exams = False
        """Whether it has a second process for tests."""
        self.in_use = 0
        self.faults = 0
        """In a row."""
        self.rests = 0
        self.rests_until = 0.0
        self.failing_since = 0.0

    @property
    def room(self) -> int:
        """Calls that may begin now: a single one while it is on trial."""
        return (self.capacity if self.rests == 0 else 1) - self.in_use


class Endpoints:
    """Hands out endpoints. Thread-safe."""

    def __init__(
        self, endpoints: list[Endpoint], patience_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Takes the endpoints, and for how long an outage of all of them is waited out before calls fail at once."""
        self.all = endpoints
        self._patience_s = patience_s
        self._clock = clock
        self._change = threading.Condition()
        self._holder: int | None = None
        self._closed = False

    @contextmanager
    def one(self, usable: Callable[[Endpoint], bool], avoid: Endpoint | None = None) -> Iterator[Endpoint]:
        """Yields a free endpoint, waiting for one; another than ``avoid`` where there is a choice.

        A ``EndpointError`` that leaves the block is counted against the endpoint, a return clears its record.

        Raises:
            SandboxError: every usable endpoint has been failing for longer than we wait, or the sandbox was closed.
        """
        endpoint = self._take(usable, avoid)
        worked: bool | None = None
        try:
            yield endpoint
            worked = True
        except EndpointError as fault:
            worked = not fault.counts
            raise
        finally:
            self._give_back(endpoint, worked)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Holds back all other threads; begins when their calls have ended."""
        with self._change:
            self._change.wait_for(
                lambda: self._closed or (self._holder is None and not any(e.in_use for e in self.all))
            )
            if self._closed:
                raise SandboxError("the sandbox was closed")
            self._holder = threading.get_ident()
        try:
            yield
        finally:
            with self._change:
                self._holder = None
                self._change.notify_all()

    def close(self) -> None:
        """Wakes every thread that waits, with an error."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _take(self, usable: Callable[[Endpoint], bool], avoid: Endpoint | None) -> Endpoint:
        with self._change:
            while True:
                if self._closed:
                    raise SandboxError("the sandbox was closed")
                now = self._clock()
                candidates = [e for e in self.all if usable(e)]
                awake = [e for e in candidates if e.rests_until <= now]
                free = [e for e in awake if e.room > 0]
                if free and self._holder in (None, threading.get_ident()):
                    chosen = min(free, key=lambda e: (e is avoid, e.in_use / e.capacity))
                    chosen.in_use += 1
                    return chosen
                self._change.wait(None if awake else self._outage_s(candidates, now))

    def _outage_s(self, candidates: list[Endpoint], now: float) -> float:
        """Seconds until the next of them wakes, if that is worth waiting for."""
        wakes = min((e.rests_until for e in candidates), default=now)
        gives_up = max((e.failing_since for e in candidates), default=now) + self._patience_s
        if not candidates or wakes > gives_up:
            failing = ", ".join(f"{e.url} ({e.faults} faults in a row)" for e in candidates)
            raise SandboxError(f"no sandbox server is left to ask: {failing or 'none can do this'}")
        return max(wakes - now, 0.001)

    def _give_back(self, endpoint: Endpoint, worked: bool | None) -> None:
        """Frees a place and notes how the call went; None tells nothing of the endpoint."""
        now = self._clock()
        with self._change:
            endpoint.in_use -= 1
            if worked:
                endpoint.faults = endpoint.rests = 0
                endpoint.rests_until = 0.0
            elif worked is False:
                endpoint.failing_since = now if endpoint.faults == 0 else endpoint.failing_since
                endpoint.faults += 1
                # Calls that were under way when it went to rest must not lengthen that rest.
                if endpoint.faults >= FAULTS_TO_REST and endpoint.rests_until <= now:
                    endpoint.rests_until = now + min(REST_S * 2 ** min(endpoint.rests, 16), LONGEST_REST_S)
                    endpoint.rests += 1
            self._change.notify_all()
