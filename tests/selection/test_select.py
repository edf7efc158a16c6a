"""Every drop has its reason, every sample is counted once, and the order of arrival never matters."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.errors import RunError
from rft.selection.dedupe import distinct, normalise, text_key
from rft.selection.select import Drop, Funnel, Rules, select, select_problem, to_row
from rft.types import FinishReason, Judged, Outcome, Problem, Sample, Trust, Verdict


def judged(
    index: int,
    outcome: Outcome = Outcome.CORRECT,
    text: str | None = None,
    problem_id: str = "p",
    trust: Trust = Trust.FULL,
) -> Judged:
    text = f"solution {index}" if text is None else text
    sample = Sample(problem_id, 0, index, text, 5, FinishReason.STOP, "replay", seed=None)
    return Judged(sample, Verdict(outcome, "math-1-0", extracted="4", trust=trust))


def problem(problem_id: str = "p") -> Problem:
    return Problem(problem_id, "2+2?", "math", "4", "toy", "train")


def indices(kept: list[Judged]) -> list[int]:
    return [one.sample.index for one in kept]


ONE_OF_EACH = [
    judged(0, Outcome.UNJUDGED),
    judged(1, Outcome.TRUNCATED),
    judged(2, Outcome.INCORRECT),
    judged(3, text="11 + 12 = 13, so 4"),
    judged(4, text="2 + 2 = 4"),
    judged(5, text=" 2 +\n2 = 4 "),
    judged(6),
    judged(7),
    judged(8, trust=Trust.LOW),
]


def test_every_step_drops_what_it_says() -> None:
    found = select_problem(problem(), ONE_OF_EACH, Rules(cap=2), seed=0)
    assert found.dropped == dict.fromkeys(Drop, 1)
    assert len(found.kept) == 2
    assert set(indices(found.kept)) < {4, 6, 7}


def test_rules_can_be_switched_off_but_correctness_cannot() -> None:
    found = select_problem(problem(), ONE_OF_EACH, Rules(filters=(), dedupe=False, cap=None), seed=0)
    assert indices(found.kept) == [3, 4, 5, 6, 7, 8]
    assert set(found.dropped) == {Drop.UNJUDGED, Drop.TRUNCATED, Drop.INCORRECT}


def test_a_sample_is_counted_under_the_first_step_that_drops_it() -> None:
    twins = [judged(i, text="1 + 1 = 3") for i in range(3)]
    assert select_problem(problem(), twins, Rules(), seed=0).dropped == {Drop.FALSE_EQUATION: 3}


def test_the_order_of_arrival_does_not_matter() -> None:
    samples = [judged(i, text=f"text {i // 2}") for i in range(5)]
    found = {
        tuple(indices(select_problem(problem(), order, Rules(cap=2), seed=3).kept)) for order in permutations(samples)
    }
    assert len(found) == 1


def test_the_cap_draws_by_seed_and_problem_and_evenly() -> None:
    def drawn(seed: int, problem_id: str) -> tuple[int, ...]:
        samples = [judged(i, problem_id=problem_id) for i in range(6)]
        return tuple(indices(select_problem(problem(), samples, Rules(cap=2), seed).kept))

    assert drawn(0, "a") == drawn(0, "a")
    assert len({drawn(seed, "a") for seed in range(30)}) > 5
    assert len({drawn(0, str(i)) for i in range(30)}) > 5
    hits = [0] * 6
    for i in range(600):
        for index in drawn(1, str(i)):
            hits[index] += 1
    assert min(hits) > 160  # 200 expected each, standard deviation 11.5


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.integers(0, 3)), max_size=12), st.booleans(), st.integers(1, 4))
def test_the_funnel_always_balances(samples: list[tuple[Outcome, int]], dedupe: bool, cap: int) -> None:
    group = [judged(i, outcome, f"1 + {text} = 2") for i, (outcome, text) in enumerate(samples)]
    funnel, rules = Funnel(), Rules(dedupe=dedupe, cap=cap)
    kept = [one for _, some in select([(problem("p"), group)], rules, 0, set(), funnel) for one in some]
    assert funnel.sampled == len(samples) == funnel.dropped.total() + funnel.kept
    assert funnel.kept == len(kept) <= cap
    assert all(one.verdict.outcome is Outcome.CORRECT for one in kept)


def test_funnel_json_names_every_step_in_order() -> None:
    funnel = Funnel()
    groups = [(problem("p"), ONE_OF_EACH), (problem("q"), [judged(0, Outcome.INCORRECT, problem_id="q")])]
    assert [one.id for one, _ in select(groups, Rules(cap=2), 0, set(), funnel)] == ["p"]
    found = funnel.to_json()
    assert list(found["dropped"].items()) == [
        ("unjudged", 1),
        ("truncated", 1),
        ("incorrect", 2),
        ("low_trust", 1),
        ("false_equation", 1),
        ("duplicate", 1),
        ("over_cap", 1),
    ]
    assert (found["sampled"], found["kept"]) == (10, 2)
    assert found["problems"] == {"sampled": 2, "solved": 1, "kept": 1}


def test_a_problem_whose_correct_samples_are_all_dropped_is_solved_but_not_kept() -> None:
    funnel = Funnel()
    assert not list(select([(problem("p"), [judged(0, text="1 + 1 = 3")])], Rules(), 0, set(), funnel))
    assert funnel.to_json()["problems"] == {"sampled": 1, "solved": 1, "kept": 0}


def test_a_held_out_problem_stops_selection() -> None:
    groups = [(problem("p"), [judged(0)]), (problem("held"), [judged(0, problem_id="held")])]
    found = select(groups, Rules(), 0, {"held"}, Funnel())
    assert next(found)[0].id == "p"
    with pytest.raises(RunError, match="held-out problem held"):
        next(found)


def test_a_held_out_sample_cannot_hide_under_another_problem() -> None:
    with pytest.raises(RunError, match="samples of problem held came under problem p"):
        list(select([(problem("p"), [judged(0, problem_id="held")])], Rules(), 0, {"held"}, Funnel()))


def test_groups_are_taken_one_at_a_time() -> None:
    taken: list[int] = []

    def groups() -> Iterator[tuple[Problem, list[Judged]]]:
        for i in range(5):
            taken.append(i)
            yield problem(str(i)), [judged(0, problem_id=str(i))]

    next(select(groups(), Rules(), 0, set(), Funnel()))
    assert taken == [0]


def test_a_row_carries_its_lineage() -> None:
    row = to_row(problem(), "Q: 2+2? A:", judged(6))
    assert (row.problem_id, row.index, row.task, row.verifier) == ("p", 6, "toy", "math-1-0")
    assert (row.prompt, row.completion, row.extracted) == ("Q: 2+2? A:", "solution 6", "4")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a  b\n", "a b", True),
        ("a\u00a0b", "a b", True),
        ("1 + 2", "1 + 2", True),
        ("X = 1", "x = 1", False),
        ("ab", "a b", False),
        ("\ud800", "\ud801", False),
    ],
)
def test_texts_are_equal_after_normalisation(one: str, other: str, equal: bool) -> None:
    assert (text_key(one) == text_key(other)) is equal


@given(st.text())
def test_normalisation_is_stable(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_distinct_rows_are_told_apart_by_problem_and_normalised_text() -> None:
    texts = [("a", "2 + 2"), ("b", "2 + 2"), ("a", "2 +  2\n"), ("a", "4"), ("b", "2 + 2")]
    rows = [to_row(problem(name), "Q", judged(i, text=text, problem_id=name)) for i, (name, text) in enumerate(texts)]
    assert [row.index for row in distinct(rows)] == [0, 1, 3]
