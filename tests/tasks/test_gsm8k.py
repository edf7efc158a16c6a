"""GSM8K: the shipped rows, upstream's own row format, and what is refused."""

import gzip
import json
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.gsm8k import ANSWER, Gsm8k

UPSTREAM = {"question": "How far?", "answer": "It is <<1000+80=1080>>1,080.\n#### 1,080"}


@pytest.mark.parametrize(("split", "n_rows"), [("train", 7473), ("test", 660)])
def test_shipped_rows_are_all_there_and_agree_with_their_solutions(split: str, n_rows: int) -> None:
    problems = list(Gsm8k().problems(split))
    assert len(problems) == n_rows
    assert [problem.id for problem in problems] == [f"gsm8k/{split}/{index}" for index in range(n_rows)]
    for problem in problems:
        final = ANSWER.search(problem.metadata["solution"])
        assert final is not None
        assert final[1].replace(",", "") == problem.reference


def test_the_first_problem_reads_as_upstream_wrote_it() -> None:
    first = next(Gsm8k().problems("train"))
    assert str(first.prompt).startswith("Natalia sold clips to 48 of her friends in April")
    assert (first.reference, first.verifier, first.task) == ("72", "math", "gsm8k")


def test_upstream_rows_lose_their_thousands_commas_and_keep_their_solution(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    path.write_text(json.dumps(UPSTREAM) + "\n")
    task = Gsm8k(source={"test": str(path)})
    assert task.splits == ("test",)
    (problem,) = task.problems("test")
    assert problem.reference == "1080"
    assert problem.id == "gsm8k/test/0"
    assert problem.metadata["solution"] == UPSTREAM["answer"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "How far?", "answer": "1080"}, "line 2: the answer does not end in '#### NUMBER'"),
        ({"question": "How far?"}, "unknown column 'answer' in"),
        ({"question": "", "answer": "#### 1"}, "line 2: columns 'question' and 'answer' must hold text"),
        ({"question": "How far?", "answer": 3}, "line 2: columns 'question' and 'answer' must hold text"),
        ({"id": "gsm8k/train/0", **UPSTREAM}, "line 2: id 'gsm8k/train/0' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, row: dict[str, object], said: str) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(UPSTREAM) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(InputError) as caught:
        list(Gsm8k(source=str(path)).problems("train"))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_unknown_split_and_missing_file_are_refused() -> None:
    with pytest.raises(InputError, match="unknown split 'dev' of task 'gsm8k'; known: test, train"):
        Gsm8k().problems("dev")
    with pytest.raises(InputError, match=r"data file nowhere\.jsonl does not exist"):
        list(Gsm8k(source="nowhere.jsonl").problems("train"))


def test_the_licence_ships_beside_the_data() -> None:
    folder = Path(__file__).parents[2] / "tasks" / "data" / "gsm8k"
    assert "MIT License" in (folder / "LICENSE").read_text()
    with gzip.open(folder / "test_first_half.jsonl.gz") as stream:
        assert sum(1 for _ in stream) == 660
