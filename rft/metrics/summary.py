"""Pass rates with honest intervals: pure functions on arrays, one entry per problem.

What counts: a problem's ``n`` is its correct + incorrect + truncated samples. A truncated sample is not a correct one,
so it stays in the denominator and has a column of its own besides. An unjudged sample says nothing about the model
(our side failed), so it is in neither ``n`` nor ``c``; it is counted apart. Problems, not samples, are the independent
units: samples of one problem go together, so every interval is over problems.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CHUNK = 1 << 20
"""Draws that a bootstrap holds in memory at a time."""
MANY, FEW = 20_000, 100
"""Above so many values, each of which appears so often on the average, they are not drawn one by one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over problems with its confidence interval; all NaN when there is no problem."""

    value: float
    low: float
    high: float
    n: int
    """Units behind it: problems, or whatever ``wilson`` was given."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """pass@k of a set of problems."""

    value: float
    low: float
    high: float
    n_problems: int
    """Problems with n >= k: those behind the value."""
    n_samples: int
    """Samples of these problems."""
    coverage: float
    """Share of all problems that have n >= k. Below 1 the value stands for a part of the problems only."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one evaluation, each with what it rests on."""

    n_problems: int
    n_samples: int
    """Judged samples: correct + incorrect + truncated. Unjudged ones come on top."""
    n_correct: int
    n_truncated: int
    n_unjudged: int
    pass_at: dict[int, Estimate]
    """By k."""
    solved: Interval
    """Share of problems with at least one correct sample; grows with n, so compare it at equal n only."""
    truncated: Interval
    """n_truncated over n_samples."""
    unjudged: Interval
    """n_unjudged over n_samples + n_unjudged."""

    def to_json(self) -> dict[str, Any]:
        """Returns plain JSON values; NaN becomes None and k a string."""
        plain: dict[str, Any] = _json(asdict(self))
        return plain


def pass_at_k(n: ArrayLike, c: ArrayLike, k: int) -> Floats:
    """Returns the unbiased estimate of pass@k for every problem: 1 - C(n-c, k) / C(n, k).

    Chen et al. 2021, arXiv 2107.03374, equation 1; as the product over j < k of (n-c-j) / (n-j), which stays in
    [0, 1] for any n. It is unbiased when n was fixed beforehand; stopping at the k-th success biases it.

    Args:
        n: (n_problems,) int, judged samples of each problem; they may differ.
        c: (n_problems,) int, correct ones among them.
        k: at least 1.

    Returns:
        (n_problems,) float; NaN where n < k.

    Raises:
        ValueError: k is below 1, shapes differ, or a c is not within 0..n.
    """
    n, c = np.asarray(n, np.int64), np.asarray(c, np.int64)
    if k < 1 or n.shape != c.shape or n.ndim != 1 or np.any((c < 0) | (c > n)):
        raise ValueError(f"pass@{k}: wanted k >= 1 and 0 <= c <= n, of one shape; got n {n.shape}, c {c.shape}")
    enough = n >= k
    miss = np.where(enough, 1.0, np.nan)
    for j in range(k):
        miss *= np.maximum(n - c - j, 0) / np.where(enough, n - j, 1)
    hit: Floats = 1.0 - miss
    return hit


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Returns a share of independent trials with its score interval, which is sane at 0, at n and for small n.

    Wilson 1927; formula as in Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial Proportion", eq. 4.
    """
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # at 0 and n one bound equals the share; rounding may put it a hair beyond
    return Interval(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), n)


def bootstrap(
    values: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """Returns the mean over problems with a bootstrap interval; whole problems are drawn (a cluster bootstrap).

    BCa (Efron 1987, "Better Bootstrap Confidence Intervals"), because pass rates near 0 or 1 are skewed: there the
    plain percentile interval covers less, and lies too low near 0 (``tests/test_metrics.py`` simulates both).

    When all values are equal, resampling shows no spread at all, which does not mean that there is none. Then the
    share of problems that differ is bounded by Wilson's upper limit for 0 of n, and the interval is what the mean
    could be if these lay anywhere within ``bounds``. For all 0 this is Wilson's [0, z^2 / (n + z^2)], close to
    the rule of three.

    Args:
        values: (n_problems,) float; NaN entries are left out.
        weights: (n_problems,) float; None weighs all alike. With counts it makes a ratio: of sums, over problems.
        resamples: how many times the problems are drawn anew.
        confidence: e.g. 0.95, in (0, 1).
        seed: of the draws.
        bounds: what a value can be at all; only used when all are equal.
    """
    rates: Floats = np.asarray(values, np.float64)
    shares: Floats = np.ones_like(rates) if weights is None else np.asarray(weights, np.float64)
    used = ~np.isnan(rates) & (shares > 0)
    rates, shares = rates[used], shares[used]
    n = len(rates)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    if np.all(rates == rates[0]):
        return _no_spread(float(rates[0]), n, confidence, bounds)
    mean = float(np.sum(rates * shares) / np.sum(shares))
    means = _resampled_means(rates, shares, resamples, np.random.default_rng(seed))
    low, high = np.quantile(means, _bca_levels(rates, shares, mean, means, confidence))
    return Interval(mean, float(low), float(high), n)


def paired_delta(
    before: Mapping[str, float],
    after: Mapping[str, float],
    *,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Returns the mean of after - before over the problems that both have, with a bootstrap interval.

    Pairing takes the problems' difficulty out of the noise, so a delta can be clear where the two rates' own
    intervals still touch.

    Args:
        before: problem id -> rate in [0, 1], e.g. ``dict(zip(ids, pass_at_k(n, c, 1)))``; NaN means none.
        after: likewise.
        resamples: how many times the problems are drawn anew.
        confidence: e.g. 0.95.
        seed: of the draws.
    """
    both = sorted(before.keys() & after.keys())
    deltas = np.array([after[problem] - before[problem] for problem in both], np.float64)
    return bootstrap(deltas, resamples=resamples, confidence=confidence, seed=seed, bounds=(-1.0, 1.0))


def summarise(
    n: ArrayLike,
    c: ArrayLike,
    truncated: ArrayLike,
    unjudged: ArrayLike,
    *,
    ks: Sequence[int] = (1,),
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Summary:
    """Returns all figures of one evaluation.

    Args:
        n: (n_problems,) int, correct + incorrect + truncated samples.
        c: (n_problems,) int, correct ones.
        truncated: (n_problems,) int, truncated ones; part of n.
        unjudged: (n_problems,) int, not part of n.
        ks: which pass@k.
        confidence: of all intervals.
        resamples: of every bootstrap.
        seed: of the draws.
    """
    n, c = np.asarray(n, np.int64), np.asarray(c, np.int64)
    truncated, unjudged = np.asarray(truncated, np.int64), np.asarray(unjudged, np.int64)

    def ratio(part: Ints, whole: Ints) -> Interval:
        shares = part / np.maximum(whole, 1)
        return bootstrap(shares, weights=whole, resamples=resamples, confidence=confidence, seed=seed)

    return Summary(
        n_problems=len(n),
        n_samples=int(n.sum()),
        n_correct=int(c.sum()),
        n_truncated=int(truncated.sum()),
        n_unjudged=int(unjudged.sum()),
        pass_at={k: _estimate(n, pass_at_k(n, c, k), resamples, confidence, seed) for k in ks},
        solved=wilson(int(np.sum(c > 0)), int(np.sum(n > 0)), confidence),
        truncated=ratio(truncated, n),
        unjudged=ratio(unjudged, n + unjudged),
    )


def _estimate(n: Ints, rates: Floats, resamples: int, confidence: float, seed: int) -> Estimate:
    known = ~np.isnan(rates)
    found = bootstrap(rates, resamples=resamples, confidence=confidence, seed=seed)
    coverage = float(known.mean()) if len(known) else math.nan
    return Estimate(found.value, found.low, found.high, found.n, int(n[known].sum()), coverage)


def _no_spread(value: float, n: int, confidence: float, bounds: tuple[float, float]) -> Interval:
    differ = wilson(0, n, confidence).high
    low, high = (value + differ * (bound - value) for bound in bounds)
    return Interval(value, low, high, n)


def _resampled_means(values: Floats, weights: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    if len(values) > MANY:
        pairs, counts = np.unique(np.column_stack((values, weights)), axis=0, return_counts=True)
        if len(pairs) * FEW < len(values):  # how often each is drawn: the same distribution, in far fewer numbers
            times = rng.multinomial(len(values), counts / len(values), size=resamples) * pairs[:, 1]
            repeated: Floats = times @ pairs[:, 0] / np.sum(times, axis=1)
            return repeated
    means = np.empty(resamples)
    step = max(1, CHUNK // len(values))
    for start in range(0, resamples, step):
        drawn = rng.integers(len(values), size=(min(step, resamples - start), len(values)))
        drawn_weights = weights[drawn]
        means[start : start + step] = np.sum(values[drawn] * drawn_weights, axis=1) / np.sum(drawn_weights, axis=1)
    return means


def _bca_levels(values: Floats, weights: Floats, mean: float, means: Floats, confidence: float) -> tuple[float, float]:
    """The two quantiles of the resampled means to read: Efron 1987, eq. 2.3, with a mean's own influence values."""
    normal = NormalDist()
    # ties count half: few problems or coarse rates make many resamples equal the mean itself
    below = float(np.mean(means < mean) + np.mean(means == mean) / 2)
    influence = weights * (values - mean)
    acceleration = float(np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5))
    bias = normal.inv_cdf(min(max(below, 1 / len(means)), 1 - 1 / len(means)))

    def level(quantile: float) -> float:
        shifted = bias + normal.inv_cdf(quantile)
        # |acceleration| is at most 1/6; the floor matters for confidences beyond 0.999 only
        return normal.cdf(bias + shifted / max(1 - acceleration * shifted, 0.05))

    return level((1 - confidence) / 2), level((1 + confidence) / 2)


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
