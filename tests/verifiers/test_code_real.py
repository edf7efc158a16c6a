"""The code verifier on real data, in a real sandbox (a folder named by RFT_DATA; each has its SOURCE.md)."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rft.types import JSON, Outcome, Problem, Sandbox, Trust, Verdict
from rft.verifiers.code.verifier import CodeVerifier

Row = dict[str, Any]
TRAILING_IMPORTS = {"HumanEval/48", "HumanEval/56"}
"""Right functions, behind which the model went on with imports of another file; the labels ran those too."""


def rows(path: Path) -> list[Row]:
    if not path.exists():
        pytest.skip(f"no {path.name} in that folder")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


def judged(local: Sandbox, tries: list[tuple[Row, JSON, str]], **options: Any) -> list[tuple[Row, Verdict]]:
    """Judges (row, reference, completion), neighbours of one reference together."""
    verifier = CodeVerifier(**options)
    verifier.provide("sandbox", local)

    def one(tried: tuple[Row, JSON, str]) -> tuple[Row, Verdict]:
        row, reference, completion = tried
        return row, verifier.verify(Problem("p", "", "code", reference, "own", "test"), [completion])[0]

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, tries))


def reference_of(row: Row, **more: JSON) -> dict[str, JSON]:
    return {"entry_point": row["entry_point"], "prompt": row["prompt"], "tests": row["test"], **more}


def fenced(source: str) -> str:
    return f"```python\n{source}\n```"


def test_humanevals_solutions_pass_as_answers_and_as_continuations(local: Sandbox, real_data: Path) -> None:
    tasks = rows(real_data / "humaneval" / "HumanEval.jsonl.gz")
    tries = [(task, reference_of(task), task["canonical_solution"]) for task in tasks]
    tries += [(task, reference_of(task), fenced(task["prompt"] + body)) for task, _, body in tries]
    failed = [(row["task_id"], verdict) for row, verdict in judged(local, tries) if not verdict.reward]
    assert failed == []
    assert all(verdict.trust is Trust.FULL for _, verdict in judged(local, tries[:60]))


def test_labelled_generations_get_their_labels(local: Sandbox, real_data: Path) -> None:
    tasks = rows(real_data / "code_gens_ldb" / "humaneval_sample.jsonl.gz")
    tries = [(row, reference_of(row), fenced(row["response"])) for row in tasks]
    for row, verdict in judged(local, tries, imports="common"):
        assert verdict.reward == (row["rerun"] == "pass"), (row["task"], row["model"], verdict)


def test_labelled_continuations_get_their_labels(local: Sandbox, real_data: Path) -> None:
    tests = {task["task_id"]: task for task in rows(real_data / "humaneval" / "HumanEval.jsonl.gz")}
    tries = []
    for row in rows(real_data / "code_gens_codet" / "sample.jsonl.gz")[::4]:
        reference = reference_of(tests[row["task"]]) | {"prompt": row["prompt_without_examples"]}
        tries.append((row, reference, row["completion"]))
    for row, verdict in judged(local, tries, imports="common", wall_s=3.0, cpu_s=3.0):
        if row["base"] == "error:ModuleNotFoundError" and row["task"] in TRAILING_IMPORTS:
            assert verdict.outcome is Outcome.CORRECT
        else:
            assert verdict.reward == row["label_base"], (row["task"], row["base"], verdict)


@pytest.mark.parametrize(("mode", "calls"), [("output", False), ("input", True)])
def test_predictions_of_cruxeval_get_their_labels(local: Sandbox, real_data: Path, mode: str, calls: bool) -> None:
    """The model's text is the candidate: what it says comes out of f, or what it says f must be called with."""
    tries = []
    for row in rows(real_data / "cruxeval" / f"gens_{mode}_sample.jsonl.gz"):
        expected = row["output"] if calls else f"f({row['input']})"
        reference = {"entry_point": "answer", "setup": row["code"], "tests": f"assert answer() == {expected}"}
        for text, label in dict(zip(row["generations"], row["labels"], strict=True)).items():
            program = f"{row['code']}\ndef answer():\n    return {text}\n"
            tries.append(({**row, "label": label, "text": text}, reference, fenced(program)))
    for row, verdict in judged(local, tries, wall_s=3.0, cpu_s=3.0):
        assert verdict.reward == row["label"], (row["id"], row["text"], verdict)


def test_known_bugs_are_found(local: Sandbox, real_data: Path) -> None:
    tasks = rows(real_data / "humanevalpack" / "python_even.jsonl.gz")
    tries = [(row, reference_of(row), fenced(row["prompt"] + row["buggy_solution"])) for row in tasks]
    for row, verdict in judged(local, tries, wall_s=2.0, cpu_s=2.0):
        assert verdict.outcome is Outcome.INCORRECT, (row["task_id"], verdict)
