"""The split: fixed by id and seed, and never across a problem's twin."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from rft.config.schema import EvalConfig, TaskConfig
from rft.errors import InputError
from rft.rounds.holdout import split
from rft.types import Problem


@dataclass
class Listed:
    """A task of given questions."""

    prompts: list[str]

    def problems(self, name: str) -> Iterator[Problem]:
        yield from (Problem(f"{name}/{i}", text, "math", "1", "t", name) for i, text in enumerate(self.prompts))


TASK = TaskConfig(kind="listed")


def ids(task: Listed, evaluation: EvalConfig, config: TaskConfig = TASK, seed: int = 0) -> tuple[set[str], set[str]]:
    found = list(split(task, config, evaluation, seed))
    return {p.id for p, held in found if held}, {p.id for p, held in found if not held}


def test_a_share_and_a_number_are_held_out_exactly() -> None:
    task = Listed([f"q{i}" for i in range(200)])
    for holdout, n in ((0.1, 20), (37, 37)):
        held, trained = ids(task, EvalConfig(holdout=holdout))
        assert (len(held), len(trained), held & trained) == (n, 200 - n, set())


def test_the_choice_depends_on_the_seed_alone() -> None:
    task = Listed([f"q{i}" for i in range(100)])
    first, again = ids(task, EvalConfig(holdout=20)), ids(task, EvalConfig(holdout=20), TaskConfig(kind="x", limit=5))
    assert first[0] == again[0] != ids(task, EvalConfig(holdout=20), seed=1)[0]


def test_a_twin_of_a_held_out_problem_is_not_trained_on() -> None:
    task = Listed([f"What is  {i % 50}?" if i < 50 else f"what is {i % 50}?" for i in range(100)])
    held, trained = ids(task, EvalConfig(holdout=20))
    number = {int(problem_id.split("/")[1]) % 50 for problem_id in held}
    assert not any(int(problem_id.split("/")[1]) % 50 in number for problem_id in trained)


def test_excluded_problems_are_in_neither_half() -> None:
    held, trained = ids(Listed(["a", "b", "c", "d"]), EvalConfig(holdout=1), TaskConfig(kind="x", exclude=("train/2",)))
    assert "train/2" not in held | trained
    assert len(held | trained) == 3


def test_a_worked_example_is_in_neither_half() -> None:
    task = Listed(["What is 1 + 1?", "b", "c", "d"])
    found = list(split(task, TASK, EvalConfig(holdout=2), 0, shown=["what is  1 + 1?"]))
    assert {problem.id for problem, _ in found} == {"train/1", "train/2", "train/3"}


def test_a_split_of_its_own_is_held_out_whole() -> None:
    class TwoSplits(Listed):
        def problems(self, name: str) -> Iterator[Problem]:
            yield from (Problem(f"{name}/{i}", f"{name} {t}", "m", "1", "t", name) for i, t in enumerate(self.prompts))

    held, trained = ids(TwoSplits(["a", "b"]), EvalConfig(split="test"))
    assert (held, trained) == ({"test/0", "test/1"}, {"train/0", "train/1"})


def test_nothing_left_to_train_on_is_an_error() -> None:
    with pytest.raises(InputError, match="no problem of split 'train' is left to train on after holding 2 out"):
        ids(Listed(["a", "b"]), EvalConfig(holdout=5))


@pytest.mark.parametrize("evaluation", [EvalConfig(), EvalConfig(enabled=False), EvalConfig(split="train")])
def test_a_task_without_problems_is_named_with_its_file(evaluation: EvalConfig) -> None:
    task = TaskConfig.model_validate({"kind": "jsonl", "path": "own.jsonl"})
    with pytest.raises(InputError, match=r"split 'train' of task 'jsonl' holds no problem.*\(own.jsonl\)"):
        ids(Listed([]), evaluation, task)


def test_too_small_a_share_asks_for_a_larger_one() -> None:
    with pytest.raises(InputError, match=r"no problem is held out .* raise eval\.holdout"):
        ids(Listed(["a", "b", "c"]), EvalConfig(holdout=0.1))


def test_without_a_trainer_all_may_be_held_out() -> None:
    found = list(split(Listed(["a", "b"]), TASK, EvalConfig(holdout=5), 0, training=False))
    assert [held for _, held in found] == [True, True]


def test_an_id_that_is_in_both_splits_is_refused() -> None:
    class SameIds(Listed):
        def problems(self, name: str) -> Iterator[Problem]:
            yield from (Problem(str(i), f"{name} {t}", "m", "1", "t", name) for i, t in enumerate(self.prompts))

    with pytest.raises(InputError, match="problem id '0' is in split 'train' and in split 'test'"):
        ids(SameIds(["a", "b"]), EvalConfig(split="test"))
