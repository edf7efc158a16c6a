"""CodeContests from local files: the hub's columns, SandboxFusion's samples, and what is refused or left out."""

from pathlib import Path

import pytest

from rft.tasks.codecontests import CodeContests
from tests.tasks.rows import Row, only, refusal, write

NONE: Row = {"input": [], "output": []}
HUB: Row = {
    "name": "1_A. Sum",
    "description": "Add two numbers.",
    "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
    "private_tests": {"input": ["3 4\n"], "output": ["7\n"]},
    "generated_tests": {"input": ["5 6\n"], "output": ["11\n"]},
    "source": 2,
    "difficulty": 7,
    "solutions": {"language": [2, 1, 3], "solution": ["int main() {}", "print 1", "print(1)"]},
    "time_limit": {"seconds": 3, "nanos": 500_000_000},
    "memory_limit_bytes": 1_024_000_000,
    "input_file": "",
    "output_file": "",
}
SAMPLE: Row = {
    "id": "codecontests/1",
    "problem": "Add two numbers.",
    "labels": {"name": "sum"},
    "tests": [{"input": {"stdin": "1 2"}, "output": {"stdout": "3"}}],
}


def test_the_hubs_rows_are_read(tmp_path: Path) -> None:
    problem = only(CodeContests(source=write(tmp_path / "own.jsonl", HUB)))
    assert problem.id == "codecontests/train/1_A. Sum"
    assert [case["stdout"] for case in problem.reference["cases"]] == ["3\n", "7\n", "11\n"]
    assert problem.reference["tokens"] is True
    assert problem.reference["solution"] == "print(1)"
    assert problem.reference["limits"] == {"cpu_s": 17.5, "wall_s": 17.5, "memory_mib": 977}
    assert problem.metadata == {"name": "1_A. Sum", "difficulty": 7, "source": 2}


def test_small_limits_of_upstream_are_not_applied(tmp_path: Path) -> None:
    row = HUB | {"time_limit": {"seconds": 1, "nanos": 0}, "memory_limit_bytes": 256_000_000}
    assert "limits" not in only(CodeContests(source=write(tmp_path / "own.jsonl", row))).reference


def test_samples_of_sandboxfusion_are_read(tmp_path: Path) -> None:
    problem = only(CodeContests(source=write(tmp_path / "own.jsonl", SAMPLE)))
    assert (problem.id, problem.metadata) == ("codecontests/1", {"labels": {"name": "sum"}})
    assert problem.reference["cases"] == [{"stdin": "1 2", "stdout": "3"}]
    assert "solution" not in problem.reference


def test_which_tests_judge_can_be_chosen(tmp_path: Path) -> None:
    task = CodeContests(source=write(tmp_path / "own.jsonl", HUB), tests=("public", "private"))
    assert [case["stdout"] for case in only(task).reference["cases"]] == ["3\n", "7\n"]


def test_rows_without_tests_or_with_a_named_file_are_left_out(tmp_path: Path) -> None:
    empty = HUB | {"public_tests": NONE, "private_tests": NONE, "generated_tests": NONE}
    path = write(tmp_path / "own.jsonl", empty, HUB | {"input_file": "in.txt"}, SAMPLE | {"tests": []}, HUB)
    assert len(list(CodeContests(source=path).problems("train"))) == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (HUB | {"private_tests": None}, "column 'private_tests' must hold lists 'input' and 'output'"),
        (HUB | {"public_tests": {"input": ["1"], "output": []}}, "1 inputs stand against 0 outputs"),
        (HUB | {"name": None}, "column 'name' must hold text"),
        (SAMPLE | {"tests": [{"input": "1 2"}]}, "each of 'tests' must be"),
        (SAMPLE | {"tests": "none"}, "column 'tests' must hold a list"),
        (SAMPLE | {"problem": " "}, "column 'problem' must hold text"),
        (HUB, "id 'codecontests/train/1_A. Sum' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, row: Row, said: str) -> None:
    text = refusal(CodeContests(source=write(tmp_path / "own.jsonl", HUB, row)))
    assert f"own.jsonl, line 2: {said}" in text


def test_real_samples_are_read(real_data: Path) -> None:
    problems = list(CodeContests(source=str(real_data / "codecontests" / "sample.jsonl.gz")).problems("train"))
    assert len(problems) == 10
    assert all(problem.reference["cases"] for problem in problems)
