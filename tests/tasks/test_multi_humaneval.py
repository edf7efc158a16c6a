"""Multilingual HumanEval from local files: a language per row, real files, refusals."""

from pathlib import Path

import pytest

from rft.tasks.multi_humaneval import Language, MultiHumanEval
from tests.tasks.rows import Row, only, refusal, write

UPSTREAM: Row = {
    "task_id": "HumanEval_javascript/900",
    "language": "javascript",
    "prompt": "/** Half of it. */\nfunction half(x) {\n",
    "entry_point": "half",
    "test": 'var arg00 = 4;\nvar x0 = half(arg00);\nif (x0 !== 2) {\n    throw "wrong"\n}\n',
    "canonical_solution": None,
}


def test_a_row_says_its_language_and_how_many_checks_it_has(tmp_path: Path) -> None:
    problem = only(MultiHumanEval(source=write(tmp_path / "own.jsonl", UPSTREAM)))
    assert problem.prompt == UPSTREAM["prompt"]
    assert problem.reference == {
        "language": "javascript",
        "entry_point": "half",
        "tests": UPSTREAM["test"],
        "checks": 1,
        "prompt": UPSTREAM["prompt"],
    }


def test_a_reference_solution_is_put_behind_its_prompt(tmp_path: Path) -> None:
    row = UPSTREAM | {"canonical_solution": "  return x / 2;\n}\n"}
    solution = only(MultiHumanEval(source=write(tmp_path / "own.jsonl", row))).reference["solution"]
    assert solution == "/** Half of it. */\nfunction half(x) {\n  return x / 2;\n}\n"


def test_languages_are_chosen(tmp_path: Path) -> None:
    other = UPSTREAM | {"task_id": "HumanEval_go/900", "language": "go"}
    path = write(tmp_path / "own.jsonl", UPSTREAM, other)
    assert only(MultiHumanEval(source=path, languages=("go",))).id == "HumanEval_go/900"
    assert len(list(MultiHumanEval(source=path).problems("train"))) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"language": "kotlin"}, "unknown language 'kotlin' in"),
        ({"test": None}, "line 2: column 'test' must hold text"),
        ({}, "line 2: id 'HumanEval_javascript/900' was there before"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, change: Row, said: str) -> None:
    text = refusal(MultiHumanEval(source=write(tmp_path / "own.jsonl", UPSTREAM, UPSTREAM | change)))
    assert said in text
    assert "own.jsonl, line 2" in text


@pytest.mark.parametrize(("language", "n"), [("javascript", 161 - 4), ("go", 160 - 5)])
def test_real_files_have_all_problems_but_the_broken(real_data: Path, language: Language, n: int) -> None:
    source = real_data / "humaneval_multilingual" / f"{language}.jsonl.gz"
    problems = list(MultiHumanEval(source=str(source)).problems("train"))
    assert len(problems) == n
    for problem in problems:
        assert problem.reference["language"] == language
        assert f" {problem.reference['entry_point']}" in str(problem.prompt)
        assert language == "go" or problem.reference["checks"] > 0
