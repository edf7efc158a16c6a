"""Drops a solution with a false step, although its answer is right."""

from dataclasses import dataclass

from rft.selection.filters.equations import false_equations
from rft.types import Judged, Problem


@dataclass(frozen=True)
class FalseEquations:
    """Drops a solution that holds an explicit equation that is certainly false, such as 11 + 12 = 13."""

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns ``false_equation``, or None."""
        return "false_equation" if false_equations(judged.sample.text) else None
