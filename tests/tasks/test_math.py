"""MATH from local files: boxed answers, metadata, refusals."""

import gzip
import json
import os
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.math import Math, last_boxed

SOLUTION = r"First $\boxed{1}$, then $x = \boxed{\frac{1}{2}}$."


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (SOLUTION, r"\frac{1}{2}"),
        (r"\boxed{\left\{ 1, \{2\} \right.}", r"\left\{ 1, \{2\} \right."),
        (r"so $\fbox{A}$", "A"),
        (r"so $\boxed 3$.", "3"),
        (r"so $\boxed{ 7 }$", "7"),
        (r"so $\boxed{\text{a\\b}}$", r"\text{a\\b}"),
        (r"so $\boxed{7", None),
        (r"so $\boxed{}$", None),
        (r"so $\boxedin{7}$", None),
        ("so 7", None),
        ("", None),
    ],
)
def test_last_boxed(solution: str, answer: str | None) -> None:
    assert last_boxed(solution) == answer


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_the_answer_column_goes_before_the_boxed_solution(tmp_path: Path) -> None:
    path = write(
        tmp_path / "math.jsonl",
        {"problem": "p", "solution": SOLUTION, "answer": " 0.5 ", "level": "Level 3", "type": "Algebra"},
        {"problem": "q", "solution": SOLUTION},
        {"problem": "r", "answer": "7"},
    )
    first, second, third = Math(source={"test": path}).problems("test")
    assert (first.reference, second.reference, third.reference) == ("0.5", r"\frac{1}{2}", "7")
    assert first.metadata == {"level": "Level 3", "type": "Algebra", "solution": SOLUTION}
    assert second.id == "math/test/1"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"problem": "p"}, "line 1: there is neither a text 'answer' nor a 'solution' with \\boxed{…}"),
        ({"problem": "p", "solution": "so 7"}, "line 1: there is neither"),
        ({"problem": None, "answer": "7"}, "line 1: column 'problem' must hold text"),
        ({"problems": "p", "answer": "7"}, "unknown column 'problem' in"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, row: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        list(Math(source=write(tmp_path / "math.jsonl", row)).problems("train"))
    assert said in str(caught.value)


def test_splits_are_known_where_they_can_be() -> None:
    assert Math().splits == ("train", "test")
    assert Math(dataset="HuggingFaceH4/MATH-500").splits is None
    assert Math(source="one.jsonl").splits == ("train",)


def test_every_boxed_answer_of_math_is_found() -> None:
    """Over 2,465 real solutions, the last box is the answer that the dataset's carriers list."""
    folder = os.environ.get("RFT_DATA")
    path = Path(folder or "") / "math" / "test_half.jsonl.gz"
    if not folder or not path.is_file():
        pytest.skip("RFT_DATA names no folder with math/test_half.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    assert len(rows) == 2465
    assert [row["id"] for row in rows if last_boxed(row["solution"]) != row["answer"].strip()] == []
