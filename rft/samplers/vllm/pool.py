"""Keeps one or more engines busy: hands out requests, takes samples in, and replaces engines that die.

Every sample that was asked for comes out exactly once, because a sample is off the list only when it has arrived:
what an engine had in flight when it died is sent to its successor, and what it had finished by then has been read
before its end is seen.
"""

import itertools
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field

from rft.errors import EngineError, InputError
from rft.samplers.vllm.engine import Engine, Event
from rft.types import JSON, FinishReason, Request, Sample

_TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class EngineJob:
    """One sample that is to be drawn."""

    request: Request
    index: int
    seed: int

    def message(self, ticket: int) -> JSON:
        """Returns what the engine is told."""
        request = self.request
        return {
            "id": ticket,
            "problem": request.problem_id,
            "prompt": request.prompt,
            "params": asdict(request.params),
            "seed": self.seed,
        }

    def sample(self, answer: JSON, engine: str) -> Sample:
        """Returns the sample that the engine's answer holds."""
        return Sample(
            problem_id=self.request.problem_id,
            round=self.request.round,
            index=self.index,
            text=answer["text"],
            n_tokens=answer["n_tokens"],
            finish_reason=FinishReason(answer["finish"]),
            engine=engine,
            seed=answer["seed"],
        )


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What engines are allowed."""

    max_in_flight: int | None
    """Samples in one engine at a time; None: twice what it computes side by side, so that it never runs dry."""
    max_restarts: int
    """Restarts in a row of one engine without a finished sample in between."""
    stall_s: float | None
    """An engine that has samples in flight and says nothing for so long is taken for dead."""
    start_timeout_s: float


@dataclass(slots=True, eq=False)
class Replica:
    """The place of one replica; engines come and go in it."""

    engine: Engine
    started: float
    capacity: int = 0
    """0 until the model is loaded."""
    restarts_in_vain: int = 0
    """Restarts since the last finished sample."""
    flying: dict[int, EngineJob] = field(default_factory=dict)
    """By ticket, what has been sent and has not come back."""


Launch = Callable[[int, EngineJob, "queue.SimpleQueue[Event]"], Engine]
"""Starts the engine of a replica, given the latest job at hand (the engine's seed hangs on it)."""


class ReplicaPool:
    """Engines that share one stream of requests.

    Args:
        launch: starts an engine.
        replicas: how many engines.
        name: what samples carry as their engine.
        limits: what engines are allowed.
    """

    def __init__(self, launch: Launch, replicas: int, name: str, limits: EngineLimits) -> None:
        self._launch, self._n_replicas, self._name, self._limits = launch, replicas, name, limits
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._replicas: list[Replica] = []
        self._tickets = itertools.count()
        self._closed = False
        self._latest: EngineJob
        self._checked = time.monotonic()

    def draw(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample once, as they finish.

        Raises:
            InputError: the engine refused a request or cannot load the model.
            EngineError: an engine died too often, did not start in time, or the pool was closed meanwhile.
        """
        jobs: Iterator[EngineJob] = (
            EngineJob(r, index, seed) for r in requests for index, seed in zip(r.indices, r.seeds, strict=True)
        )
        first = next(jobs, None)
        if first is None:
            return
        self._latest = first
        while len(self._replicas) < self._n_replicas:
            self._replicas.append(Replica(self._launch(len(self._replicas), first, self._events), time.monotonic()))
        jobs = itertools.chain([first], jobs)
        try:
            more = True
            while more or self._in_flight():
                # What has arrived goes out before more is taken in: taking may block while verification catches up.
                more = more and self._submit(jobs)
                sample = self._next_sample()
                if sample is not None:
                    yield sample
        finally:
            self._abort_in_flight()

    def close(self) -> None:
        """Ends all engines."""
        self._closed = True
        for replica in self._replicas:
            replica.engine.kill()

    def _in_flight(self) -> int:
        return sum(len(replica.flying) for replica in self._replicas)

    def _submit(self, jobs: Iterator[EngineJob]) -> bool:
        """Sends jobs until the engines are full or something arrives. Returns whether there may be more jobs."""
        while self._events.empty() and (replica := self._least_busy()):
            job = next(jobs, None)
            if job is None:
                return False
            if not replica.flying:
                replica.engine.heard = time.monotonic()
            self._latest, ticket = job, next(self._tickets)
            replica.flying[ticket] = job
            replica.engine.send(job.message(ticket))
        return True

    def _least_busy(self) -> Replica | None:
        free = [replica for replica in self._replicas if len(replica.flying) < replica.capacity]
        return min(free, key=lambda replica: len(replica.flying), default=None)

    def _next_sample(self) -> Sample | None:
        """Waits a moment for one event and deals with it."""
        # With nothing waiting here, what is in flight is truly with the engines: a slow consumer is not their fault.
        if self._events.empty() and time.monotonic() - self._checked > _TICK_S:
            self._check_health()
        try:
            event = self._events.get(timeout=_TICK_S)
        except queue.Empty:
            return None
        if self._closed:
            raise EngineError(f"the sampler was closed with {self._in_flight()} samples in flight")
        replica = next((replica for replica in self._replicas if replica.engine is event.engine), None)
        if replica is None:
            return None
        if event.message is None:
            self._restart(replica)
            return None
        return self._on_message(replica, event.message)

    def _on_message(self, replica: Replica, message: JSON) -> Sample | None:
        if "ready" in message:
            replica.capacity = self._limits.max_in_flight or 2 * message["ready"]["capacity"]
            replica.engine.heard = time.monotonic()
            for ticket, job in replica.flying.items():
                replica.engine.send(job.message(ticket))
        elif "refused" in message:
            raise InputError(message["refused"])
        elif "failed" in message and not replica.capacity and not replica.restarts_in_vain:
            raise self._failure(replica, "could not load the model")
        elif message.get("id") in replica.flying:
            replica.restarts_in_vain = 0
            return replica.flying.pop(message["id"]).sample(message, self._name)
        return None

    def _restart(self, replica: Replica) -> None:
        """Starts a new engine in the place of one that has ended."""
        replica.engine.kill()
        if replica.restarts_in_vain >= self._limits.max_restarts:
            times = f"{replica.restarts_in_vain + 1} times in a row without finishing a sample"
            raise self._failure(replica, f"died {times} (sampler.max_restarts is {self._limits.max_restarts})")
        replica.restarts_in_vain += 1
        replica.capacity = 0
        replica.started = time.monotonic()
        replica.engine = self._launch(self._replicas.index(replica), self._latest, self._events)

    def _check_health(self) -> None:
        """Ends engines that have hung; their end is then an event like any other."""
        self._checked = now = time.monotonic()
        stall_s, start_s = self._limits.stall_s, self._limits.start_timeout_s
        for replica in self._replicas:
            if not replica.capacity and now - replica.started > start_s:
                raise self._failure(replica, f"did not load the model within {start_s:g} s (sampler.start_timeout_s)")
            if replica.capacity and replica.flying and stall_s is not None and now - replica.engine.heard > stall_s:
                replica.engine.kill()

    def _failure(self, replica: Replica, what: str) -> EngineError:
        """Ends the engine and frees its place, so that a later draw starts anew; returns the error to raise."""
        replica.engine.kill()
        self._replicas.remove(replica)
        error = replica.engine.last_error()
        why = f"; its last error: {error}" if error else ""
        return EngineError(f"engine {self._name} {what}{why}; the end of its log:\n{replica.engine.last_words()}")

    def _abort_in_flight(self) -> None:
        """Gives up what is still in flight, so that the engines are free for the next stream."""
        for replica in self._replicas:
            if replica.flying:
                replica.flying.clear()
                replica.engine.send({"abort": True})
