"""A sandbox for tests of the code verifier: a real one under watch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rft.types import JSON, Examination, Execution, Limits, Program, Sandbox


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
