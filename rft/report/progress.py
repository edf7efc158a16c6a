"""What an E-step has done so far, for people and scripts to watch. Numbers only, no drawing."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rft.types import Outcome


@dataclass
class Progress:
    """The state of one E-step. One thread writes; readers may see a number a moment late."""

    title: str
    total: int
    """Samples that are wanted in all."""
    before: int = 0
    """Samples that were there when this process started."""
    sampled: int = 0
    """Samples drawn by this process."""
    requested: int = 0
    """Samples asked of the engine by this process."""
    tokens: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    """Verdicts of all samples, those of earlier attempts included."""
    fresh: Counter[Outcome] = field(default_factory=Counter)
    """Verdicts of this process."""
    started: float = field(default_factory=time.monotonic)
    first_sample: float | None = None
    """When the engine gave its first sample; speed is counted from ``started`` to now."""

    @property
    def done(self) -> int:
        """Samples on disk."""
        return self.before + self.sampled

    @property
    def in_flight(self) -> int:
        """Samples that the engine is at work on."""
        return self.requested - self.sampled

    @property
    def is_starting(self) -> bool:
        """Whether samples were asked for and none has come: the engine loads its model."""
        return self.first_sample is None and self.in_flight > 0

    @property
    def judged(self) -> int:
        """Samples with a verdict, whichever."""
        return self.outcomes.total()

    @property
    def elapsed_s(self) -> float:
        """Seconds since this process began the E-step."""
        return time.monotonic() - self.started

    @property
    def tokens_per_s(self) -> float:
        """Tokens drawn per second since the first sample came, so that loading the model does not count."""
        if self.first_sample is None:
            return 0.0
        return self.tokens / max(time.monotonic() - self.first_sample, 1e-9)

    @property
    def eta_s(self) -> float | None:
        """Seconds that the remaining samples will take at the speed so far; None before the first."""
        if self.first_sample is None or not self.sampled:
            return None
        return (self.total - self.done) * (time.monotonic() - self.first_sample) / self.sampled

    @property
    def pass_at_1(self) -> float | None:
        """Share of correct samples among those that count (truncated included, unjudged not)."""
        n = self.judged - self.outcomes[Outcome.UNJUDGED]
        return self.outcomes[Outcome.CORRECT] / n if n else None

    def event(self) -> dict[str, Any]:
        """Returns the state as one JSON object."""
        return {
            "event": "progress",
            "stage": self.title,
            "samples": self.done,
            "total": self.total,
            "in_flight": self.in_flight,
            "tokens": self.tokens,
            "tokens_per_s": round(self.tokens_per_s, 1),
            **{outcome.value: self.outcomes[outcome] for outcome in Outcome},
            "pass_at_1": self.pass_at_1,
            "eta_s": self.eta_s,
            "elapsed_s": round(self.elapsed_s, 2),
        }


class Observer(Protocol):
    """Watches a run. ``rft.report.console`` has three: a panel, plain lines, JSON events."""

    def begin(self, progress: Progress) -> None:
        """An E-step starts; ``progress`` changes while it runs."""
        ...

    def end(self, progress: Progress) -> None:
        """It is over, finished or not."""
        ...

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Something worth a line happened."""
        ...


@dataclass(frozen=True)
class Observers:
    """Several observers as one: each is told everything, in their order."""

    all: Sequence[Observer]

    def begin(self, progress: Progress) -> None:
        """Tells all that an E-step starts."""
        for observer in self.all:
            observer.begin(progress)

    def end(self, progress: Progress) -> None:
        """Tells all that it is over."""
        for observer in self.all:
            observer.end(progress)

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Hands an event to all."""
        for observer in self.all:
            observer.note(event, message, **facts)


class Silent:
    """Watches nothing."""

    def begin(self, progress: Progress) -> None:
        """Does nothing."""

    def end(self, progress: Progress) -> None:
        """Does nothing."""

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Does nothing."""
