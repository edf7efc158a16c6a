"""HumanEval and HumanEval+: the shipped rows, upstream's own format, and what is refused."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.data.make_evalplus import rows as made
from rft.tasks.humaneval import HumanEval, HumanEvalPlus
from rft.tasks.sources.rows import jsonl_rows
from tests.tasks.rows import Row, only, refusal, write

DATA = Path(__file__).parents[2] / "tasks" / "data"
PROMPT = 'import math\n\n\ndef double(x):\n    return x + x\n\n\ndef half(x):\n    """ Half of it. """\n'
UPSTREAM: Row = {
    "task_id": "HumanEval/900",
    "prompt": PROMPT,
    "entry_point": "half",
    "canonical_solution": "    return x / 2\n",
    "test": "def check(candidate):\n    assert candidate(double(2)) == 2\n",
}
PROGRAM = """
def assertion(out, exp, atol):
    assert np.allclose(out, exp, rtol=1e-07, atol=atol)

def check(candidate):
    inputs = [[4], [3]]
    results = [2.0, 1.5]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assertion(candidate(*inp), exp, 0)
"""
SPECIAL = [f"HumanEval/{number}" for number in (14, 15, 32, 83, 100, 130, 139)]


@pytest.mark.parametrize("task", [HumanEval(), HumanEvalPlus(), HumanEvalPlus(variant="mini")], ids=repr)
def test_all_rows_ship_with_their_solutions(task: HumanEval) -> None:
    problems = list(task.problems("test"))
    assert [problem.id for problem in problems] == [f"HumanEval/{number}" for number in range(164)]
    for problem in problems:
        assert problem.reference["solution"].startswith(problem.prompt)
        assert f"def {problem.reference['entry_point']}(" in str(problem.prompt)
        compile(problem.reference["solution"], problem.id, "exec")


def test_a_shipped_row_reads_as_upstream_wrote_it() -> None:
    problem = list(HumanEval().problems("test"))[2]
    assert str(problem.prompt).startswith("\n\ndef truncate_number(number: float) -> float:\n")
    assert problem.reference["entry_point"] == "truncate_number"
    assert "assert candidate(3.5) == 0.5" in problem.reference["tests"]
    assert (problem.verifier, problem.task, problem.split) == ("code", "humaneval", "test")
    assert "setup" not in problem.reference


def test_what_stands_before_the_function_is_there_for_the_tests() -> None:
    problems = {problem.id: problem for problem in HumanEval().problems("test")}
    helpers = {number: problems[f"HumanEval/{number}"].reference["setup"] for number in (10, 32, 38, 50)}
    names = ("def is_palindrome(", "def poly(", "def encode_cyclic(", "def encode_shift(")
    assert [name for name, setup in zip(names, helpers.values(), strict=True) if name not in setup] == []


@pytest.mark.parametrize(("variant", "n_tests"), [("plus", 123_948), ("mini", 2_577)])
def test_plus_has_call_cases_and_seven_programs_without_numpy(variant: str, n_tests: int) -> None:
    problems = list(HumanEvalPlus(variant=variant).problems("test"))  # type: ignore[arg-type]
    programs = [problem for problem in problems if "tests" in problem.reference]
    assert [problem.id for problem in programs] == SPECIAL
    assert [problem.id for problem in programs if "numpy" in problem.reference["tests"]] == []
    counts = [problem.reference.get("checks") or len(problem.reference["cases"]) for problem in problems]
    assert sum(counts) == n_tests


@pytest.mark.parametrize(("kind", "key"), [(HumanEval, "tests"), (HumanEvalPlus, "cases")])
def test_upstreams_rows_are_read_from_a_file(tmp_path: Path, kind: type[HumanEval], key: str) -> None:
    row = UPSTREAM | ({"test": PROGRAM} if kind is HumanEvalPlus else {})
    task = kind(source={"test": write(tmp_path / "own.jsonl", row)})
    assert task.splits == ("test",)
    problem = only(task, "test")
    assert problem.prompt == PROMPT
    helpers = "import math\n\n\ndef double(x):\n    return x + x"
    assert problem.reference.get("setup") == (helpers if key == "tests" else None)
    assert problem.reference["solution"] == PROMPT + "    return x / 2\n"
    assert key in problem.reference


def test_a_row_without_a_solution_has_none(tmp_path: Path) -> None:
    path = write(tmp_path / "own.jsonl", UPSTREAM | {"canonical_solution": None})
    assert "solution" not in only(HumanEval(source=path)).reference


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"test": ""}, "line 2: column 'test' must hold text"),
        ({"prompt": 5}, "line 2: column 'prompt' must hold text"),
        ({"entry_point": "hal"}, "line 2: the prompt has no 'def hal', which 'entry_point' names"),
        ({"task_id": "HumanEval/900"}, "line 2: id 'HumanEval/900' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, change: Row, said: str) -> None:
    path = write(tmp_path / "own.jsonl", UPSTREAM, UPSTREAM | {"task_id": "b"} | change)
    text = refusal(HumanEval(source=path))
    assert said in text
    assert path in text


def test_a_row_without_a_column_is_refused(tmp_path: Path) -> None:
    row = {name: value for name, value in UPSTREAM.items() if name != "entry_point"}
    assert "unknown column 'entry_point' in" in refusal(HumanEval(source=write(tmp_path / "own.jsonl", row)))


def test_unknown_splits_and_a_mini_from_the_hub_are_refused() -> None:
    with pytest.raises(InputError, match="unknown split 'train' of task 'humaneval'; known: test"):
        HumanEval().problems("train")
    assert "variant mini comes with source: shipped only" in refusal(HumanEvalPlus("hub", variant="mini"), "test")


@pytest.mark.parametrize(
    ("name", "licence"), [("humaneval", "The MIT License"), ("humanevalplus", "Apache License"), ("mbppplus", "Apache")]
)
def test_the_licence_ships_beside_the_data(name: str, licence: str) -> None:
    assert licence in (DATA / name / "LICENSE").read_text()
    assert (DATA / name / "README.md").is_file()


def test_the_shipped_mini_is_made_from_upstreams(real_data: Path) -> None:
    folder = real_data / "humanevalplus"
    again = made(folder / "HumanEvalPlus-OriginFmt.jsonl.gz", folder / "HumanEvalPlus-Mini.jsonl.gz")
    shipped = (located.row for located in jsonl_rows(DATA / "humanevalplus" / "mini.jsonl.gz"))
    assert list(islice(again, 34)) == list(islice(shipped, 34))  # two of the special oracles are among them


def test_the_tests_of_mini_are_among_those_of_plus() -> None:
    for mini, plus in zip(
        HumanEvalPlus(variant="mini").problems("test"), HumanEvalPlus().problems("test"), strict=True
    ):
        cases = {json.dumps(case) for case in plus.reference.get("cases", [])}
        assert [case for case in mini.reference.get("cases", []) if json.dumps(case) not in cases] == []


def test_humaneval_ships_unchanged(real_data: Path) -> None:
    with gzip.open(real_data / "humaneval" / "HumanEval.jsonl.gz") as stream:
        upstream = [json.loads(line) for line in stream]
    assert upstream == [located.row for located in jsonl_rows(DATA / "humaneval" / "test.jsonl.gz")]
