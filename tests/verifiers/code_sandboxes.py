"""Sandboxes for tests of the code verifier: a real one under watch, and one that gives facts by a table."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rft.types import JSON, Examination, Execution, Limits, Program, Sandbox, Status

ENDED = Execution(Status.EXITED, 0, None, "", "", False, False, 0.1, 0.2, 10.0, frozenset(), "facts")
PASS: dict[str, Any] = {"checks": 3, "passed": True, "failure": None, "objects": 0, "forgeable": False}
Facts = Callable[[str], Execution | Examination]


@dataclass
class Watched:
    """Hands everything on to a real sandbox and remembers what was run."""

    inner: Sandbox
    has_exams: bool = True
    sources: list[str] = field(default_factory=list)
    backend: str = "watched"
    slots: int = 2

    def run(self, program: Program, limits: Limits) -> Execution:
        self.sources.append(program.source)
        return self.inner.run(program, limits)

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        assert self.has_exams
        self.sources.append(candidate.source)
        return self.inner.examine(candidate, exam, limits)

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.inner.alone():
            yield

    def close(self) -> None:
        self.inner.close()


@dataclass
class Scripted:
    """Says of each source what a table says of it, and remembers limits and how many ran at a time."""

    facts: Facts
    slots: int = 2
    backend: str = "scripted"
    has_exams: bool = True
    limits: list[Limits] = field(default_factory=list)
    most: int = 0
    n_alone: int = 0
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, program: Program, limits: Limits) -> Execution:
        found = self._find(program.source, limits)
        assert isinstance(found, Execution)
        return found

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        found = self._find(candidate.source, limits)
        assert isinstance(found, Examination)
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        self.n_alone += 1
        yield

    def close(self) -> None:
        return

    def _find(self, source: str, limits: Limits) -> Execution | Examination:
        with self._lock:
            self.limits.append(limits)
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            return self.facts(source)
        finally:
            with self._lock:
                self._running -= 1


def ended(status: Status = Status.EXITED, **facts: Any) -> Execution:
    return replace(ENDED, status=status, exit_code=0 if status is Status.EXITED else None, **facts)


def examined(report: Any = PASS, candidate: Execution = ENDED) -> Examination:
    return Examination(candidate, ENDED, report)
