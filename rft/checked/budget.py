"""A budget that gives a number of samples from 0 to the most."""

from dataclasses import dataclass
from typing import Any

from rft.checked.faults import a_kind, blaming
from rft.errors import RunError
from rft.types import Problem


@dataclass
class CheckedBudget:
    """A budget that gives a number of samples from 0 to the most."""

    name: str
    """As in the config."""
    budget: Any

    def n(self, problem: Problem, most: int) -> int:
        """Returns how many samples a problem gets.

        Raises:
            RunError: the budget raised, or returned something else than a whole number from 0 to ``most``.
        """
        who = f"budget '{self.name}'"
        with blaming(who, RunError):
            n = self.budget.n(problem, most)
        if not isinstance(n, int) or isinstance(n, bool):
            raise RunError(f"{who} returned {a_kind(n)} for problem {problem.id}; a whole number is wanted")
        if not 0 <= n <= most:
            raise RunError(f"{who} returned {n} for problem {problem.id}; from 0 to {most} (sampling.n) is allowed")
        return n
