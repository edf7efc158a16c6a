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
class Job:
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
class Limits:
    """What engines are allowed."""

    max_in_flight: int | None
    """Samples in one engine at a time; None: twice what it computes side by side, so that it never runs dry."""
    max_restarts: int
    """Restarts in a row of one engine without a finished sample in between."""
    stall_s: float | None
    """An engine that has samples in flight and says nothing for so long is taken for dead."""
    start_timeout_s: float


@dataclass(slots=True, eq=False)
class Slot:
    """The place of one replica; engines come and go in it."""

    engine: Engine
    started: float
    capacity: int = 0
    """0 until the model is loaded."""
    barren: int = 0
    """Restarts since the last finished sample."""
    flying: dict[int, Job] = field(default_factory=dict)
    """By ticket, what has been sent and has not come back."""


Launch = Callable[[int, Job, "queue.SimpleQueue[Event]"], Engine]
"""Starts the engine of a replica, given the latest job at hand (the engine's seed hangs on it)."""


class Pool:
    """Engines that share one stream of requests.

    Args:
        launch: starts an engine.
        replicas: how many engines.
        name: what samples carry as their engine.
        limits: what engines are allowed.
    """

    def __init__(self, launch: Launch, replicas: int, name: str, limits: Limits) -> None:
        self._launch, self._replicas, self._name, self._limits = launch, replicas, name, limits
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._slots: list[Slot] = []
        self._tickets = itertools.count()
        self._closed = False
        self._latest: Job
        self._watched = time.monotonic()

    def draw(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample once, as they finish.

        Raises:
            InputError: the engine refused a request or cannot load the model.
            EngineError: an engine died too often, did not start in time, or the pool was closed meanwhile.
        """
        jobs: Iterator[Job] = (
            Job(r, index, seed) for r in requests for index, seed in zip(r.indices, r.seeds, strict=True)
        )
        first = next(jobs, None)
        if first is None:
            return
        self._latest = first
        while len(self._slots) < self._replicas:
            self._slots.append(Slot(self._launch(len(self._slots), first, self._events), time.monotonic()))
        jobs = itertools.chain([first], jobs)
        try:
            more = True
            while more or self._in_flight():
                # What has arrived goes out before more is taken in: taking may block while verification catches up.
                more = more and self._fill(jobs)
                sample = self._take()
                if sample is not None:
                    yield sample
        finally:
            self._forget()

    def close(self) -> None:
        """Ends all engines."""
        self._closed = True
        for slot in self._slots:
            slot.engine.kill()

    def _in_flight(self) -> int:
        return sum(len(slot.flying) for slot in self._slots)

    def _fill(self, jobs: Iterator[Job]) -> bool:
        """Sends jobs until the engines are full or something arrives. Returns whether there may be more jobs."""
        while self._events.empty() and (slot := self._free_slot()):
            job = next(jobs, None)
            if job is None:
                return False
            if not slot.flying:
                slot.engine.heard = time.monotonic()
            self._latest, ticket = job, next(self._tickets)
            slot.flying[ticket] = job
            slot.engine.send(job.message(ticket))
        return True

    def _free_slot(self) -> Slot | None:
        free = [slot for slot in self._slots if len(slot.flying) < slot.capacity]
        return min(free, key=lambda slot: len(slot.flying), default=None)

    def _take(self) -> Sample | None:
        """Waits a moment for one event and deals with it."""
        # With nothing waiting here, what is in flight is truly with the engines: a slow consumer is not their fault.
        if self._events.empty() and time.monotonic() - self._watched > _TICK_S:
            self._watch()
        try:
            event = self._events.get(timeout=_TICK_S)
        except queue.Empty:
            return None
        if self._closed:
            raise EngineError(f"the sampler was closed with {self._in_flight()} samples in flight")
        slot = next((slot for slot in self._slots if slot.engine is event.engine), None)
        if slot is None:
            return None
        if event.message is None:
            self._replace(slot)
            return None
        return self._hear(slot, event.message)

    def _hear(self, slot: Slot, message: JSON) -> Sample | None:
        if "ready" in message:
            slot.capacity = self._limits.max_in_flight or 2 * message["ready"]["capacity"]
            slot.engine.heard = time.monotonic()
            for ticket, job in slot.flying.items():
                slot.engine.send(job.message(ticket))
        elif "refused" in message:
            raise InputError(message["refused"])
        elif "failed" in message and not slot.capacity and not slot.barren:
            raise self._give_up(slot, "could not load the model")
        elif message.get("id") in slot.flying:
            slot.barren = 0
            return slot.flying.pop(message["id"]).sample(message, self._name)
        return None

    def _replace(self, slot: Slot) -> None:
        """Starts a new engine in the place of one that has ended."""
        slot.engine.kill()
        if slot.barren >= self._limits.max_restarts:
            times = f"{slot.barren + 1} times in a row without finishing a sample"
            raise self._give_up(slot, f"died {times} (sampler.max_restarts is {self._limits.max_restarts})")
        slot.barren += 1
        slot.capacity = 0
        slot.started = time.monotonic()
        slot.engine = self._launch(self._slots.index(slot), self._latest, self._events)

    def _watch(self) -> None:
        """Ends engines that have hung; their end is then an event like any other."""
        self._watched = now = time.monotonic()
        stall_s, start_s = self._limits.stall_s, self._limits.start_timeout_s
        for slot in self._slots:
            if not slot.capacity and now - slot.started > start_s:
                raise self._give_up(slot, f"did not load the model within {start_s:g} s (sampler.start_timeout_s)")
            if slot.capacity and slot.flying and stall_s is not None and now - slot.engine.heard > stall_s:
                slot.engine.kill()

    def _give_up(self, slot: Slot, what: str) -> EngineError:
        """Returns the error to raise, having ended the engine and freed its slot, so that a later draw starts anew."""
        slot.engine.kill()
        self._slots.remove(slot)
        error = slot.engine.last_error()
        why = f"; its last error: {error}" if error else ""
        return EngineError(f"engine {self._name} {what}{why}; the end of its log:\n{slot.engine.last_words()}")

    def _forget(self) -> None:
        """Gives up what is still in flight, so that the engines are free for the next stream."""
        for slot in self._slots:
            if slot.flying:
                slot.flying.clear()
                slot.engine.send({"abort": True})
