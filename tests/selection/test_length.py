"""The length filter: which side of a limit stays, what the funnel calls a drop, and ranges that hold nothing."""

from typing import Any

import pytest

from rft.config.schema import SelectConfig
from rft.errors import InputError
from rft.rounds.select import rules
from rft.selection.filters.length import Length
from rft.selection.select import Funnel, select
from rft.types import FinishReason, Judged, Outcome, Problem, Sample, Verdict

PROBLEM = Problem("p", "2+2?", "math", "4", "toy", "train")


def sample_of(n_tokens: int, index: int = 0, outcome: Outcome = Outcome.CORRECT) -> Judged:
    sample = Sample("p", 0, index, f"solution {index}", n_tokens, FinishReason.STOP, "replay", seed=None)
    return Judged(sample, Verdict(outcome, "math-1-0", extracted="4"))


@pytest.mark.parametrize(
    ("options", "n_tokens", "reason"),
    [
        ({}, 0, None),
        ({}, 10**6, None),
        ({"min_tokens": 5}, 4, "too_short"),
        ({"min_tokens": 5}, 5, None),
        ({"max_tokens": 8}, 8, None),
        ({"max_tokens": 8}, 9, "too_long"),
        ({"min_tokens": 5, "max_tokens": 5}, 4, "too_short"),
        ({"min_tokens": 5, "max_tokens": 5}, 5, None),
        ({"min_tokens": 5, "max_tokens": 5}, 6, "too_long"),
    ],
)
def test_both_limits_are_inside(options: dict[str, int], n_tokens: int, reason: str | None) -> None:
    assert Length(**options).drop(PROBLEM, sample_of(n_tokens)) == reason


def test_the_tokens_of_the_engine_count_and_not_the_characters() -> None:
    long_text = Sample("p", 0, 0, "word " * 1000, 3, FinishReason.STOP, "replay", seed=None)
    assert Length(max_tokens=3).drop(PROBLEM, Judged(long_text, Verdict(Outcome.CORRECT, "math-1-0"))) is None


def test_its_drops_stand_in_the_funnel_and_the_sum_holds() -> None:
    config = SelectConfig.model_validate({"filters": [{"kind": "length", "min_tokens": 3, "max_tokens": 6}]})
    group = [sample_of(n, index=n) for n in range(10)] + [sample_of(1, index=10, outcome=Outcome.INCORRECT)]
    funnel = Funnel()
    kept = [one for _, staying in select([(PROBLEM, group)], rules(config), 0, set(), funnel) for one in staying]
    assert [one.sample.n_tokens for one in kept] == [3, 4, 5, 6]
    assert funnel.dropped == {"too_short": 3, "too_long": 3, "incorrect": 1}
    assert funnel.sampled == funnel.dropped.total() + funnel.kept == 11


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_tokens": 9, "max_tokens": 5}, "min_tokens is 9 and max_tokens 5, so every sample would be dropped"),
        ({"min_tokens": -1}, "option 'min_tokens': must be at least 0; seen: -1"),
        ({"max_tokens": 0}, "option 'max_tokens': must be at least 1; seen: 0"),
        ({"min_tokens": "many"}, "option 'min_tokens'"),
        ({"max_token": 5}, "did you mean 'max_tokens'"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_at_the_start(options: dict[str, Any], said: str) -> None:
    config = SelectConfig.model_validate({"filters": [{"kind": "length", **options}]})
    with pytest.raises(InputError) as error:
        rules(config)
    assert said in str(error.value)
