"""MBPP and MBPP+: the shipped rows, upstream's own formats, and what is refused."""

from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.data.make_evalplus import rows as made
from rft.tasks.mbpp import Mbpp, MbppPlus
from rft.tasks.sources.rows import jsonl_rows
from tests.tasks.rows import Row, only, refusal, write

DATA = Path(__file__).parents[2] / "tasks" / "data"
UPSTREAM: Row = {
    "task_id": 5000,
    "text": "Write a function to add.",
    "code": "def add(a, b):\n    return a + b",
    "test_setup_code": "",
    "test_list": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
    "challenge_test_list": [],
}
PLUS = """
def assertion(out, exp, atol):
    assert np.allclose(out, exp, rtol=1e-07, atol=atol)

inputs = [[1, 2], [0, 0]]
results = [3, 0]
for i, (inp, exp) in enumerate(zip(inputs, results)):
    assertion(add(*inp), exp, 0)
"""


@pytest.mark.parametrize(
    ("task", "split", "n_rows", "first"),
    [
        (Mbpp(), "train", 374, "mbpp/601"),
        (Mbpp(), "validation", 90, "mbpp/511"),
        (Mbpp(), "prompt", 10, "mbpp/1"),
        (MbppPlus(), "train", 108, "mbpp/602"),
        (MbppPlus(), "validation", 39, "mbpp/554"),
        (MbppPlus(), "prompt", 7, "mbpp/2"),
    ],
)
def test_shipped_rows_are_all_there(task: Mbpp, split: str, n_rows: int, first: str) -> None:
    problems = list(task.problems(split))
    assert len(problems) == n_rows
    assert problems[0].id == first
    for problem in problems:
        assert problem.split == split
        name = problem.reference.get("entry_point")
        assert name is None or f"def {name}" in problem.reference["solution"]


def test_a_shipped_row_is_asked_in_the_usual_form() -> None:
    problem = list(Mbpp().problems("prompt"))[1]
    assert str(problem.prompt).startswith(
        "Write a function to find the similar elements from the given two tuple lists.\n"
        "Your code should pass these tests:\n\nassert similar_elements((3, 4, 5, 6),(5, 7, 4, 10)) == (4, 5)\n"
    )
    assert problem.reference["entry_point"] == "similar_elements"
    assert len(problem.reference["tests"]) == 3


def test_two_rows_need_a_class_of_the_answer_and_name_no_entry_point() -> None:
    without = {p.id: p for p in Mbpp().problems("train") if "entry_point" not in p.reference}
    assert list(without) == ["mbpp/601", "mbpp/927"]
    assert without["mbpp/927"].reference["tests"].startswith("root = Node(1)")


def test_a_module_that_only_the_solution_imports_is_imported_for_the_tests() -> None:
    problems = {problem.id: problem for problem in Mbpp().problems("validation")}
    assert problems["mbpp/596"].reference["setup"] == "import sys"


def test_plus_has_call_cases_and_eight_programs_without_numpy() -> None:
    problems = [problem for split in MbppPlus().splits for problem in MbppPlus().problems(split)]
    programs = {problem.id: problem.reference["tests"] for problem in problems if "tests" in problem.reference}
    assert sorted(programs) == sorted(f"mbpp/{number}" for number in (2, 7, 579, 630, 737, 769, 787, 794))
    assert not any("numpy" in program for program in programs.values())


def test_upstreams_rows_are_read_from_a_file(tmp_path: Path) -> None:
    problem = only(Mbpp(source={"test": write(tmp_path / "own.jsonl", UPSTREAM)}), "test")
    assert problem.id == "mbpp/5000"
    assert problem.reference == {
        "entry_point": "add",
        "tests": UPSTREAM["test_list"],
        "solution": UPSTREAM["code"],
    }


def test_rows_of_the_sanitized_half_are_read(tmp_path: Path) -> None:
    row = {"task_id": 2, "prompt": "Add.", "code": "x", "test_imports": ["import math"], "test_list": ["assert f(1)"]}
    problem = only(Mbpp(source=write(tmp_path / "own.jsonl", row)))
    assert problem.prompt == "Add.\nYour code should pass these tests:\n\nassert f(1)"
    assert problem.reference["setup"] == "import math"


def test_upstreams_plus_rows_are_converted(tmp_path: Path) -> None:
    problem = only(MbppPlus(source=write(tmp_path / "own.jsonl", UPSTREAM | {"task_id": "Mbpp/5", "test": PLUS})))
    assert problem.id == "mbpp/5"
    assert problem.reference["cases"] == [{"args": [1, 2], "expected": 3}, {"args": [0, 0], "expected": 0}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": None}, "column 'text' (or 'prompt') must hold text"),
        ({"task_id": "x"}, "column 'task_id' must hold the number of the task"),
        ({"test_list": []}, "column 'test_list' must hold a list of texts"),
        ({"test_list": [1]}, "column 'test_list' must hold a list of texts"),
        ({"test_imports": "import math"}, "column 'test_imports' must hold a list of texts"),
        ({}, "id 'mbpp/5000' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, change: Row, said: str) -> None:
    text = refusal(Mbpp(source=write(tmp_path / "own.jsonl", UPSTREAM, UPSTREAM | change)))
    assert f"own.jsonl, line 2: {said}" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test": None}, "column 'test' must hold text"),
        ({"test": PLUS, "test_list": ["assert f(g(1))"]}, "the asserts of 'test_list' do not name one function"),
    ],
)
def test_bad_plus_rows_are_refused(tmp_path: Path, change: Row, said: str) -> None:
    assert said in refusal(MbppPlus(source=write(tmp_path / "own.jsonl", UPSTREAM | change)))


def test_the_test_split_does_not_ship() -> None:
    with pytest.raises(InputError, match="unknown split 'test' of task 'mbpp'; known: prompt, train, validation"):
        Mbpp().problems("test")
    assert Mbpp(source="hub").splits == ("train", "validation", "prompt", "test")


def test_mbpp_ships_unchanged_and_plus_is_made_from_upstreams(real_data: Path) -> None:
    name = "prompt_valid_train.jsonl.gz"
    upstream = [located.row for located in jsonl_rows(real_data / "mbpp" / name)]
    assert upstream == [located.row for located in jsonl_rows(DATA / "mbpp" / name)]
    plus = list(made(real_data / "mbppplus" / name, None))
    assert plus == [located.row for located in jsonl_rows(DATA / "mbppplus" / name)]


def test_the_attribution_ships_beside_the_data() -> None:
    licence = (DATA / "mbpp" / "LICENSE").read_text()
    assert "CC BY 4.0" in licence
    assert "Jacob Austin" in licence
