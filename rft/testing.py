"""Stand-ins for the slow or unsafe parts of the line, for tests of components; this project's own tests use them.

A ``FakeSampler`` writes what a function says and a ``FakeSandbox`` reports what a function says: no engine, no process,
no network. Both keep what they were asked, so that a test can look at it. Neither isolates or runs anything.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rft.errors import RunError
from rft.types import JSON, Examination, Execution, FinishReason, Limits, Program, Request, Sample, Status

ENDED = Execution(
    status=Status.EXITED,
    exit_code=0,
    signal=None,
    stdout="",
    stderr="",
    stdout_truncated=False,
    stderr_truncated=False,
    cpu_s=0.1,
    wall_s=0.2,
    peak_memory_mib=10.0,
    enforced=frozenset(),
    backend="fake",
)
"""A program that ended by itself with exit code 0 and wrote nothing, in 0.1 s of a processor and 0.2 s by the clock."""
PASSED: dict[str, Any] = {"checks": 3, "passed": True, "failure": None, "objects": 0, "forgeable": False}
"""The report of a tester whose three checks all held."""

Answer = Callable[[Program], Execution | Examination]


@dataclass
class FakeSampler:
    """A sampler whose completions are the values of a function.

    >>> from rft.types import SamplingParams
    >>> sampler = FakeSampler(lambda request, index: f"answer {index}")
    >>> request = Request("t/1", "2 + 2?", 0, indices=(0, 1), seeds=(7, 8), params=SamplingParams())
    >>> [sample.text for sample in sampler.sample([request])]
    ['answer 0', 'answer 1']
    """

    text: Callable[[Request, int], str] = lambda request, index: str(index)
    """(request, index) -> the completion; by default the index as a text."""
    truncated: Callable[[Request, int], bool] = lambda request, index: False
    """(request, index) -> whether the token cap cut it off."""
    stop_after: int | None = None
    """Raises RunError in place of the next sample after so many, as an engine that dies does."""
    engine: str = "fake"
    """The ``engine`` of its samples."""
    asked: list[Request] = field(default_factory=list)
    """The requests it took, in order."""
    n_written: int = 0
    """Samples it gave."""
    closed: bool = False

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample, in the order of the requests; three tokens each.

        Raises:
            RunError: ``stop_after`` samples were given.
        """
        for request in requests:
            self.asked.append(request)
            for index, seed in zip(request.indices, request.seeds, strict=True):
                if self.n_written == self.stop_after:
                    raise RunError("the engine is gone")
                self.n_written += 1
                finish = FinishReason.LENGTH if self.truncated(request, index) else FinishReason.STOP
                text = self.text(request, index)
                yield Sample(request.problem_id, request.round, index, text, 3, finish, self.engine, seed)

    def close(self) -> None:
        """Notes that it was closed."""
        self.closed = True


@dataclass
class FakeSandbox:
    """A sandbox that runs nothing and reports what it is told to.

    >>> sandbox = FakeSandbox(lambda program: ended(stdout=f"{len(program.source)}"))
    >>> sandbox.run(Program("print(3)"), Limits()).stdout
    '8'
    """

    answer: Execution | Answer = ENDED
    """What is said of every program, or a function of the program, which may raise. A set execution says of a program
    with stdin that it wrote this stdin to stdout, so that answers can be told apart."""
    slots: int = 2
    """What it claims; the caller must keep to it: see ``most_running``."""
    error: Exception | None = None
    """Is raised by every call."""
    backend: str = "fake"
    has_exams: bool = True
    asked: list[tuple[Program, Limits]] = field(default_factory=list)
    """The programs and limits of all calls, in order."""
    n_alone: int = 0
    """Times that ``alone`` was held."""
    most_running: int = 0
    """Calls at the same time, at most."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """While it is cleared, calls wait (30 s at most); it is set at the start."""
    _n_running: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.go_on.set()

    def run(self, program: Program, limits: Limits) -> Execution:
        """Returns the answer for a program.

        Raises:
            TypeError: the answer is an Examination.
        """
        answer = self._ask(program, limits)
        if not isinstance(answer, Execution):
            raise TypeError(f"the answer for run is {answer!r:.80}; give an Execution")
        return answer

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        """Returns the answer for a candidate; around an Execution it puts a report of one check that held."""
        answer = self._ask(candidate, limits)
        if isinstance(answer, Examination):
            return answer
        return Examination(answer, answer, {"checks": 1, "passed": True, "exam": exam})

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Counts how often it is held; others are not kept out."""
        self.n_alone += 1
        yield

    def close(self) -> None:
        """Does nothing."""

    def _ask(self, program: Program, limits: Limits) -> Execution | Examination:
        with self._lock:
            self.asked.append((program, limits))
            self._n_running += 1
            self.most_running = max(self.most_running, self._n_running)
        try:
            self.go_on.wait(30)
            if self.error is not None:
                raise self.error
            if callable(self.answer):
                return self.answer(program)
            return replace(self.answer, stdout=program.stdin) if program.stdin else self.answer
        finally:
            with self._lock:
                self._n_running -= 1


def ended(status: Status = Status.EXITED, **facts: Any) -> Execution:
    """Returns ``ENDED`` with another status or other facts; there is an exit code only where a program exited.

    >>> ended(Status.TIMEOUT, wall_s=10.0).exit_code is None
    True
    """
    return replace(ENDED, status=status, exit_code=0 if status is Status.EXITED else None, **facts)


def examined(report: JSON = PASSED, candidate: Execution = ENDED) -> Examination:
    """Returns what a tester and a candidate report that both ended."""
    return Examination(candidate, ENDED, report)
