"""math-verify as a second opinion, in worker processes that are killed at their time limit and capped in memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rft.errors import RunError
from rft.judging.candidates import Candidate
from rft.processes.workers import WorkerError, WorkerPool, WorkerTimeoutError
from rft.types import JSON

MODULE = "rft.judging.math_verify_program"
N_WORKERS = 2
TIMEOUT_S = 5.0
"""For one completion, after which math-verify is killed."""
MEMORY_MIB = 2048
RECYCLE_AFTER = 2_000


@dataclass(frozen=True, slots=True)
class Opinion:
    """What math-verify says."""

    correct: bool
    parsed: str
    """The answer that it read, as it understood it; empty when it found none."""
    failure: str | None = None
    """Why there is no verdict."""

    def __str__(self) -> str:
        return self.failure or ("correct" if self.correct else "incorrect")


class SecondOpinion:
    """math-verify behind a pool of workers; a context manager that ends them."""

    def __init__(self, timeout_s: float = TIMEOUT_S, module: str = MODULE) -> None:
        """Starts nothing yet.

        Args:
            timeout_s: for one completion.
            module: what the workers run.
        """
        self._timeout_s = timeout_s
        self._pool = WorkerPool(module, size=N_WORKERS, memory_mib=MEMORY_MIB, recycle_after=RECYCLE_AFTER)
        self._threads = ThreadPoolExecutor(N_WORKERS, "math-verify")

    def __enter__(self) -> Self:
        """Starts one worker, so that a missing package is told at once.

        Raises:
            RunError: it cannot be started.
        """
        try:
            with self._pool.worker() as worker:
                worker.start()
        except WorkerError as error:
            self._end()
            raise RunError(f"math-verify cannot be asked: {error}; install it: pip install math-verify") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._pool.close()  # first, so that no thread waits for a reply
        self._threads.shutdown(cancel_futures=True)

    def ask(self, candidates: Sequence[Candidate]) -> Iterator[Opinion]:
        """Yields an opinion on each, in order; several are judged at the same time."""
        return self._threads.map(self._ask, candidates)

    def _ask(self, candidate: Candidate) -> Opinion:
        question = {"references": _accepted(candidate.problem.reference), "completion": candidate.completion}
        try:
            with self._pool.worker() as worker:
                reply = worker.ask(question, self._timeout_s).value
        except WorkerTimeoutError:
            return Opinion(False, "", f"timed out after {self._timeout_s:g} s")
        except WorkerError as error:  # the memory cap too
            return Opinion(False, "", f"failed: {error}")
        failure = reply["error"] and f"failed: {reply['error']}"
        return Opinion(reply["equal"], reply["parsed"], failure)


def _accepted(reference: JSON) -> list[str]:
    return [str(answer) for answer in (reference if isinstance(reference, list) else [reference])]
