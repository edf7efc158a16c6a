"""APPS from a local file: both forms of tests, upstream's rule of comparison, and what is refused or left out."""

import json
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.apps import Apps
from tests.tasks.rows import Row, only, refusal, write

STDIN: Row = {
    "problem_id": 7,
    "question": "Add two numbers.",
    "solutions": json.dumps(["print 1", "print(sum(map(int, input().split())))"]),
    "input_output": json.dumps({"inputs": ["1 2\n", ["3", "4"]], "outputs": ["3\n", ["7"]]}),
    "difficulty": "introductory",
    "url": "https://example.org/7",
    "starter_code": "",
}
STARTER = "class Solution:\n    def twice(self, d: Dict[int, int]) -> int:\n        "
CALLS = {"fn_name": "twice", "inputs": [[{"1": 2}], [{"-3": 4}]], "outputs": [[2], 4]}
CALL = STDIN | {"problem_id": 8, "input_output": json.dumps(CALLS), "starter_code": STARTER}


def test_whole_programs_become_stdin_cases(tmp_path: Path) -> None:
    problem = only(Apps(source=write(tmp_path / "own.jsonl", STDIN)))
    assert problem.id == "apps/train/7"
    assert str(problem.prompt).endswith("Read the input from standard input and write the answer to standard output.")
    assert problem.reference["cases"] == [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "3\n4\n", "stdout": "7\n"}]
    assert (problem.reference["tokens"], problem.reference["tolerance"]) == (True, 1e-5)
    assert problem.reference["solution"] == "print(sum(map(int, input().split())))"
    assert problem.metadata == {"difficulty": "introductory", "url": "https://example.org/7"}


def test_functions_are_called_with_their_starter_code(tmp_path: Path) -> None:
    problem = only(Apps(source=write(tmp_path / "own.jsonl", CALL)))
    assert problem.reference["entry_point"] == "Solution.twice"
    assert problem.reference["checks"] == 2
    assert problem.reference["prompt"].endswith(STARTER.rstrip() + "\n")
    assert f"```python\n{STARTER.rstrip()}\n```" in str(problem.prompt)
    assert "CASES = [([{1: 2}], [2]), ([{-3: 4}], 4)]" in problem.reference["tests"]


@pytest.mark.parametrize(
    ("expected", "answer", "passes"),
    [
        ([5], 5, True),
        ([5], [5], True),
        ([1, 2], (1, 2), True),
        ([[1, 2]], (1, 2), True),
        ([1, 2], 1, False),
        (5, 6, False),
    ],
)
def test_an_answer_is_right_bare_or_in_a_list_of_its_own(
    tmp_path: Path, expected: object, answer: object, passes: bool
) -> None:
    tests = json.dumps({"fn_name": "f", "inputs": [[1]], "outputs": [expected]})
    path = write(tmp_path / "own.jsonl", CALL | {"input_output": tests, "starter_code": "def f(x):"})
    problem = only(Apps(source=path))
    assert problem.reference["entry_point"] == "f"
    names = {"candidate": lambda x: answer}
    try:
        exec(f"{problem.reference['tests']}\ncheck(candidate)", names)
    except AssertionError:
        assert not passes
    else:
        assert passes


def test_rows_without_tests_and_of_other_levels_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "own.jsonl", STDIN | {"input_output": ""}, STDIN, CALL | {"difficulty": "interview"})
    assert [problem.id for problem in Apps(path, levels=("interview",)).problems("train")] == ["apps/train/8"]
    assert len(list(Apps(path).problems("train"))) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input_output": "{"}, "column 'input_output' holds no JSON"),
        ({"input_output": "[1]"}, "column 'input_output' must hold lists 'inputs' and 'outputs'"),
        ({"input_output": '{"inputs": ["1"], "outputs": []}'}, "1 inputs stand against 0 outputs"),
        ({"input_output": '{"inputs": [1], "outputs": ["1"]}'}, "inputs and outputs must be text"),
        ({"input_output": '{"fn_name": "f", "inputs": [1], "outputs": [1]}'}, "must be a list of arguments"),
        ({"question": ""}, "column 'question' must hold text"),
        ({"solutions": "["}, "column 'solutions' holds no JSON"),
        ({}, "id 'apps/train/7' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, change: Row, said: str) -> None:
    text = refusal(Apps(source=write(tmp_path / "own.jsonl", STDIN, STDIN | change)))
    assert "own.jsonl, line 2: " in text
    assert said in text


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InputError, match="unknown level 'easy'; known: introductory, interview, competition"):
        Apps(levels=("easy",))
