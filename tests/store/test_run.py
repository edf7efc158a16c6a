"""The problems of a run, and which of its folders hold samples."""

from pathlib import Path

import pytest

from rft.errors import InputError
from rft.store.run import Run
from rft.types import Problem


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run(tmp_path / "r")
    made.path.mkdir()
    problems = (Problem(f"p{n}", f"{n}?", "math", str(n), "t", "train") for n in range(3000))
    made.write_problems(((problem, int(problem.id[1:]) % 3 == 0) for problem in problems), {"seed": 0})
    return made


@pytest.mark.parametrize("held_out", [True, False])
def test_ids_are_those_of_the_problems_in_their_order(run: Run, held_out: bool) -> None:
    ids = list(run.problem_ids(held_out))
    assert ids == [problem.id for problem in run.problems(held_out)]
    assert len(ids) == run.count_problems(held_out) == (1000 if held_out else 2000)
    assert (set(ids) == run.held_out_ids()) is held_out


def test_every_kind_of_folder_with_samples_is_listed(run: Run) -> None:
    names = ["round-000", "round-001", "baseline/eval", "round-000/eval", "evals/m-1234"]
    assert not run.has_samples()
    for name in [*names, "round-002"]:
        (run.path / name / "samples").mkdir(parents=True)
    for name in names:
        (run.path / name / "samples" / "part-00000.parquet").touch()
    assert {str(path.relative_to(run.path)) for path in run.sampled_folders()} == set(names)


def test_a_round_without_samples_is_refused_with_those_that_are_there(run: Run) -> None:
    (run.path / "round-000" / "samples").mkdir(parents=True)
    assert run.samples(0) == run.path / "round-000" / "samples"
    with pytest.raises(InputError, match="has no samples of round 3; there are: round-000"):
        run.samples(3)
