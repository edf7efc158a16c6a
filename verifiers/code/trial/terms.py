"""What is asked of one program, and what came of it: records only."""

from dataclasses import dataclass, field

from rft.types import Execution, Limits
from rft.verifiers.code.trial.rulings import Ruling


@dataclass(slots=True)
class Usage:
    """What executions took, summed up, and the longest of them."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    longest_cpu_s: float = 0.0
    longest_wall_s: float = 0.0

    def add(self, *found: Execution) -> None:
        """Counts processes that ran at the same time."""
        wall_s = max(one.wall_s for one in found)
        self.cpu_s += sum(one.cpu_s for one in found)
        self.wall_s += wall_s
        self.longest_cpu_s = max(self.longest_cpu_s, *(one.cpu_s for one in found))
        self.longest_wall_s = max(self.longest_wall_s, wall_s)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of a program."""

    limits: Limits
    """Of each execution."""
    budget_s: float
    """Seconds by the clock for all its cases together."""
    checks: int | None = None
    """Checks that a pass has to execute; None where nobody knows."""
    plain: bool = False
    """The solution gave nothing but plain values: whoever gives objects has them speak for themselves."""
    proved: bool = False
    """The reference solution has passed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a program, and what that took."""

    ruling: Ruling
    usage: Usage = field(default_factory=Usage)
    checks: int = 0
    """Checks that were executed."""
    objects: int = 0
    """Operations on the candidate's objects."""
