"""pass@k against brute force, and intervals against simulation."""

import json
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.metrics import summary
from rft.metrics.summary import Interval, bootstrap, paired_delta, pass_at_k, summarise, wilson

COUNTS = st.integers(0, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@pytest.mark.parametrize("n", range(1, 9))
def test_pass_at_k_equals_the_share_of_subsets_with_a_success(n: int) -> None:
    for k in range(1, n + 1):
        for c in range(n + 1):
            subsets = list(combinations([1] * c + [0] * (n - c), k))
            expected = sum(max(subset) for subset in subsets) / len(subsets)
            assert pass_at_k([n], [c], k)[0] == pytest.approx(expected, abs=1e-12)


@given(COUNTS, st.integers(1, 40))
def test_pass_at_k_stays_in_range_and_grows_with_c_and_k(counts: tuple[int, int], k: int) -> None:
    n, c = counts
    value = pass_at_k([n], [c], k)[0]
    if n < k:
        assert math.isnan(value)
        return
    assert 0 <= value <= 1
    if c < n:
        assert pass_at_k([n], [c + 1], k)[0] >= value
    if k < n:
        assert pass_at_k([n], [c], k + 1)[0] >= value - 1e-12


def test_pass_at_k_takes_problems_of_different_n() -> None:
    found = pass_at_k([4, 2, 0, 100_000], [1, 1, 0, 1], 2)
    np.testing.assert_allclose(found, [0.5, 1.0, np.nan, 2e-5])


def test_pass_at_1_is_the_share_correct() -> None:
    np.testing.assert_allclose(pass_at_k([3, 7, 16], [1, 0, 16], 1), [1 / 3, 0, 1])


@pytest.mark.parametrize(("n", "c", "k"), [([3], [1], 0), ([3], [4], 1), ([3], [-1], 1), ([3, 3], [1], 1)])
def test_pass_at_k_refuses_impossible_counts(n: list[int], c: list[int], k: int) -> None:
    with pytest.raises(ValueError, match=f"pass@{k}"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1.0)],
)
def test_wilson_gives_the_published_values(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.2, 2.0)])
def test_bootstrap_covers_the_truth_as_often_as_it_says(a: float, b: float, confidence: float) -> None:
    rng, runs, p, n = np.random.default_rng(0), 600, 100, 4
    hits = 0
    for run in range(runs):
        rates = rng.binomial(n, rng.beta(a, b, p)) / n
        found = bootstrap(rates, resamples=600, confidence=confidence, seed=run)
        hits += found.low <= a / (a + b) <= found.high
    # three standard errors of the simulation itself are 0.027 and 0.049
    assert hits / runs == pytest.approx(confidence, abs=0.03 if confidence == 0.95 else 0.05)


def test_bootstrap_is_not_too_low_where_few_problems_are_ever_solved() -> None:
    rng, runs, rate = np.random.default_rng(1), 400, 0.02
    samples = [rng.binomial(4, rng.beta(0.1, 4.9, 100)) / 4 for _ in range(runs)]
    too_low = np.mean([bootstrap(s, resamples=500, seed=i).high < rate for i, s in enumerate(samples)])
    assert too_low < 0.055  # the percentile interval: 0.069


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_bootstrap_of_equal_values_is_not_certain(value: float, n: int) -> None:
    found = bootstrap(np.full(n, value))
    differ = wilson(0, n).high
    assert (found.value, found.n) == (value, n)
    assert found.low == pytest.approx(value * (1 - differ))
    assert found.high == pytest.approx(value + differ * (1 - value))


def test_bootstrap_of_nothing_is_nan() -> None:
    for values in ([], [math.nan]):
        found = bootstrap(values)
        assert found.n == 0
        assert all(math.isnan(x) for x in (found.value, found.low, found.high))


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30), st.integers(0, 5))
def test_bootstrap_interval_is_ordered_and_repeats(values: list[float], seed: int) -> None:
    found = bootstrap(values, resamples=100, seed=seed)
    assert 0 <= found.low <= found.high <= 1
    assert found == bootstrap(values, resamples=100, seed=seed)


def test_bootstrap_draws_in_chunks_give_what_one_draw_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(50)
    whole = bootstrap(values, resamples=200)
    monkeypatch.setattr("rft.metrics.summary.CHUNK", 500)
    assert bootstrap(values, resamples=200) == whole


@pytest.mark.parametrize("weighted", [False, True])
def test_bootstrap_of_many_problems_is_the_same_whichever_way_it_draws(
    monkeypatch: pytest.MonkeyPatch, weighted: bool
) -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(1, 9, 30_000)
    values, weights = rng.binomial(n, 0.3) / n, n if weighted else None
    by_count = bootstrap(values, weights=weights)
    monkeypatch.setattr(summary, "MANY", 10**9)
    one_by_one = bootstrap(values, weights=weights)
    width = one_by_one.high - one_by_one.low
    assert by_count.value == one_by_one.value
    assert by_count != one_by_one  # they drew differently
    assert abs(by_count.low - one_by_one.low) < width / 10
    assert abs(by_count.high - one_by_one.high) < width / 10


def test_bootstrap_with_counts_as_weights_is_a_ratio_of_sums() -> None:
    assert bootstrap([0.5, 0.0, 1.0], weights=[2, 6, 0]).value == pytest.approx(1 / 8)
    assert bootstrap([0.5, 0.0, 1.0], weights=[2, 6, 0]).n == 2


def test_paired_delta_uses_problems_in_both_only() -> None:
    found = paired_delta({"a": 0.0, "b": 0.5, "gone": 1.0}, {"b": 1.0, "a": 0.25, "new": 0.0, "nan": math.nan})
    assert found.value == pytest.approx(0.375)
    assert found.n == 2


def test_paired_delta_is_clear_where_the_rates_overlap() -> None:
    rates = np.random.default_rng(0).random(60) * 0.8
    before = {str(i): float(rate) for i, rate in enumerate(rates)}
    after = {i: rate + (0.1 if int(i) % 2 else 0.06) for i, rate in before.items()}
    delta = paired_delta(before, after)
    assert delta.low > 0.05
    assert bootstrap(list(before.values())).high > bootstrap(list(after.values())).low


def test_paired_delta_of_no_change_at_all_keeps_a_doubt() -> None:
    same = {str(i): 0.5 for i in range(100)}
    found = paired_delta(same, same)
    assert found == Interval(0.0, -wilson(0, 100).high, wilson(0, 100).high, 100)


def test_summarise_keeps_truncated_in_and_unjudged_out_of_the_rate() -> None:
    found = summarise(n=[4, 4, 2, 0], c=[2, 0, 1, 0], truncated=[1, 2, 0, 0], unjudged=[0, 0, 2, 4], ks=(1, 4))
    assert (found.n_problems, found.n_samples, found.n_correct) == (4, 10, 3)
    assert (found.n_truncated, found.n_unjudged) == (3, 6)
    assert found.pass_at[1].value == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert (found.pass_at[1].n_problems, found.pass_at[1].coverage) == (3, 0.75)
    assert (found.pass_at[4].n_problems, found.pass_at[4].n_samples) == (2, 8)
    assert found.solved.value == pytest.approx(2 / 3)
    assert found.solved.n == 3
    assert found.truncated.value == pytest.approx(0.3)
    assert found.unjudged.value == pytest.approx(6 / 16)
    assert found.truncated.low < 0.3 < found.truncated.high


def test_summary_of_nothing_is_valid_json() -> None:
    found = summarise([], [], [], [], ks=(1,)).to_json()
    text = json.dumps(found, allow_nan=False)
    assert json.loads(text)["pass_at"]["1"]["value"] is None
