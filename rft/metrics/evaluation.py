"""From the verdicts on disk to the figures of a run: evaluations, rounds, and the differences between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rft.config.schema import EvalConfig
from rft.metrics.summary import Interval, Summary, paired_delta, pass_at_k, summarise
from rft.store.stage import Tally
from rft.types import JSON, Outcome


@dataclass(frozen=True)
class Measurement:
    """What one model did on one set of problems."""

    summary: Summary
    rates: Mapping[str, float]
    """Problem id -> its own pass@1; NaN where nothing was judged."""

    def minus(self, before: "Measurement", config: EvalConfig, seed: int) -> Interval:
        """Returns how much higher the mean pass@1 is than ``before``'s, paired by problem."""
        return paired_delta(
            before.rates, self.rates, resamples=config.resamples, confidence=config.confidence, seed=seed
        )


def measure(
    ids: Iterable[str], tallies: Mapping[str, Tally], ks: tuple[int, ...], config: EvalConfig, seed: int
) -> Measurement:
    """Returns the figures of the problems with these ids; one without samples counts as n = 0."""
    ids = list(ids)
    found = [tallies.get(problem_id, Tally()) for problem_id in ids]
    correct, incorrect, truncated, unjudged = (
        np.array([tally.count(outcome) for tally in found], np.int64)
        for outcome in (Outcome.CORRECT, Outcome.INCORRECT, Outcome.TRUNCATED, Outcome.UNJUDGED)
    )
    n = correct + incorrect + truncated
    summary = summarise(
        n, correct, truncated, unjudged, ks=ks, confidence=config.confidence, resamples=config.resamples, seed=seed
    )
    rates = pass_at_k(n, correct, 1)
    return Measurement(summary, dict(zip(ids, map(float, rates), strict=True)))


def interval_json(interval: Interval) -> dict[str, JSON]:
    """Returns an interval as JSON values; NaN becomes None."""
    values: dict[str, Any] = {name: getattr(interval, name) for name in ("value", "low", "high", "n")}
    return {name: None if value != value else value for name, value in values.items()}
