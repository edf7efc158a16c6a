"""Drops a program that could have bought its verdict."""

from dataclasses import dataclass

from rft.types import Judged, Problem, Trust


@dataclass(frozen=True)
class LowTrust:
    """Drops a sample whose verdict its program may have bought: see ``Trust.LOW``."""

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns ``low_trust``, or None."""
        return "low_trust" if judged.verdict.trust is Trust.LOW else None
