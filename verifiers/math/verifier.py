"""The verifier named ``math``: extracts each candidate's answer and compares it with the reference."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from hashlib import sha256
from types import TracebackType
from typing import Self

from rft.errors import InputError
from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers.extract import Policy, extract
from rft.verifiers.math.compare import Comparison, Reading, read
from rft.verifiers.workers import Worker, WorkerError, WorkerMemoryError, WorkerPool, WorkerTimeoutError

VERSION = 2
"""Goes up with every change that may change a verdict."""


@dataclass
class MathVerifier:
    r"""Judges final answers; the reference is a text or number, or a list of accepted ones of which any may match.

    An answer that the checker could not decide within its time or memory is *unjudged*; one that is refused by its size
    alone (a tower of powers) is *incorrect*, since no ordinary reference equals it.

    >>> problem = Problem("p", "2/4?", "math", r"\frac{1}{2}", "demo", "train")
    >>> with MathVerifier() as verifier:
    ...     [str(verdict.outcome) for verdict in verifier.verify(problem, [r"It is \boxed{0.5}.", r"\boxed{2}"])]
    ['correct', 'incorrect']
    """

    policy: Policy = "lenient"
    """strict: the last box only. lenient: then ``#### x``, "the answer is x", and the last number (see extract)."""
    timeout_s: float = 5.0
    """Wall-clock seconds for one answer, whatever the checking does; waiting for a free worker is not counted."""
    memory_mib: int = 2048
    """Cap on a worker's address space."""
    workers: int = field(default_factory=lambda: max(1, min(4, (os.cpu_count() or 2) // 2)))
    """Symbolic worker processes at most; none is started before one is needed."""
    recycle_after: int = 2_000
    """Questions after which a worker is replaced."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""

    def __post_init__(self) -> None:
        if self.timeout_s <= 0 or self.memory_mib < 512 or self.workers < 1 or self.recycle_after < 1:
            raise InputError(
                "math verifier: timeout_s must be above 0, memory_mib at least 512, workers and recycle_after at least "
                f"1; seen: {self.timeout_s}, {self.memory_mib}, {self.workers}, {self.recycle_after}"
            )
        settings = f"{self.policy} {self.timeout_s:g} {self.memory_mib}"
        self.id = f"math-{VERSION}-{sha256(settings.encode()).hexdigest()[:8]}"
        self._pool = WorkerPool(
            "rft.verifiers.math.worker",
            size=self.workers,
            memory_mib=self.memory_mib,
            recycle_after=self.recycle_after,
        )

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem; equal answers are judged once. Thread-safe."""
        references = _readings(problem.reference)
        known: dict[str, Verdict] = {}
        return [self._verdict(references, completion, known) for completion in completions]

    def close(self) -> None:
        """Ends the worker processes. Safe to call twice."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _verdict(self, references: list[Reading] | str, completion: str, known: dict[str, Verdict]) -> Verdict:
        start, cpu = time.perf_counter(), time.thread_time()
        if isinstance(references, str):
            return Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=references)
        found = extract(completion, self.policy)
        if found is None:
            verdict = Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER, detail="rule=none")
        elif found.text in known:
            verdict = changed(known[found.text], cpu_s=0.0)
        else:
            verdict = known[found.text] = self._judge(references, found.text)
        detail = f"rule={found.rule}{'; ' if verdict.detail else ''}{verdict.detail or ''}" if found else verdict.detail
        return changed(
            verdict,
            extracted=found.text if found else None,
            detail=detail,
            cpu_s=verdict.cpu_s + time.thread_time() - cpu,
            wall_s=time.perf_counter() - start,
        )

    def _judge(self, references: list[Reading], answer: str) -> Verdict:
        asking = _Asking(self._pool, self.timeout_s)
        reading = read(answer)
        notes: list[str] = []
        undecided: tuple[Reason, str] | None = None
        for reference in references:
            comparison = Comparison(asking.ask, notes, asking.on_time)
            try:
                if comparison.equal(reference, reading):
                    return Verdict(Outcome.CORRECT, self.id, cpu_s=asking.cpu_s)
            except (WorkerError, UnreadableReferenceError) as error:
                undecided = (_reason(error), str(error))
        if undecided:
            return Verdict(Outcome.UNJUDGED, self.id, undecided[0], detail=undecided[1], cpu_s=asking.cpu_s)
        detail = notes[0] if notes else None
        return Verdict(Outcome.INCORRECT, self.id, Reason.WRONG_ANSWER, detail=detail, cpu_s=asking.cpu_s)


class UnreadableReferenceError(Exception):
    """The symbolic checker cannot read the reference, so that nothing but equal text can match it."""


class _Asking:
    """Symbolic questions about one answer, and the one deadline that the whole answer has."""

    def __init__(self, pool: WorkerPool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self.cpu_s = 0.0

    def ask(self, gold: str, answer: str, within: float) -> bool:
        """Asks a worker whether two values are equal, or less than ``within`` apart where that is above 0."""
        asked = time.monotonic()
        with self._pool.worker() as worker:
            self._deadline += time.monotonic() - asked  # a busy pool is no fault of the answer
            reply = self._timed(worker, {"gold": gold, "answer": answer, "within": within})
        if reply.get("unread") == "gold":
            raise UnreadableReferenceError(f"the reference '{gold[:80]}' cannot be parsed; only equal text matches it")
        return bool(reply["equal"])

    def on_time(self) -> None:
        """Raises WorkerTimeoutError when the time for this answer is up."""
        if time.monotonic() >= self._deadline:
            raise WorkerTimeoutError(f"no verdict within {self._timeout_s:g} s")

    def _timed(self, worker: Worker, question: JSON) -> dict[str, JSON]:
        self._deadline += worker.start()
        self.on_time()
        reply = worker.ask(question, self._deadline - time.monotonic())
        self.cpu_s += reply.cpu_s
        value: dict[str, JSON] = reply.value
        return value


def _readings(reference: JSON) -> list[Reading] | str:
    """Reads the accepted answers, or says what is wrong with the reference."""
    accepted = reference if isinstance(reference, list) else [reference]
    if not accepted:
        return "the reference is an empty list"
    readings = []
    for answer in accepted:
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            return f"the reference must be a text, a number or a list of these; seen: {type(answer).__name__}"
        reading = read(str(answer))
        if reading.refused:
            return f"the reference '{str(answer)[:80]}' cannot be used: {reading.refused}"
        readings.append(reading)
    return readings


def _reason(error: WorkerError | UnreadableReferenceError) -> Reason:
    if isinstance(error, UnreadableReferenceError):
        return Reason.BAD_REFERENCE
    if isinstance(error, WorkerTimeoutError):
        return Reason.TIMEOUT
    return Reason.MEMORY_LIMIT if isinstance(error, WorkerMemoryError) else Reason.VERIFIER_ERROR
