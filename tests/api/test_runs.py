"""Runs from Python: a replayed run from a mapping, its tables, its figures, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

import rft
from rft import InputError, StoredRun

N = 4


def completions(path: Path, correct: int) -> Path:
    """Stored completions of six problems, of whose four the first so many are right."""
    rows = [
        {"problem_id": f"t/{i}", "index": j, "text": str(i if j < correct else i + 1), "round": 0}
        for i in range(6)
        for j in range(N)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    problems = tmp_path / "problems.jsonl"
    lines = [{"id": f"t/{i}", "question": f"What is {i} + 0?", "answer": str(i)} for i in range(6)]
    problems.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return {
        "name": "own",
        "runs": tmp_path / "runs",
        "task": {"kind": "jsonl", "path": problems, "prompt": "question", "reference": "answer", "id": "id"},
        "sampler": {"kind": "replay", "path": completions(tmp_path / "completions.jsonl", correct=2)},
        "sampling": {"n": N},
        "eval": {"holdout": 2, "n": N, "k": [1]},
        "train": {"kind": "none"},
    }


@pytest.fixture
def done(config: dict[str, Any]) -> StoredRun:
    return rft.run(config)


def test_a_run_of_a_mapping_gives_its_records(done: StoredRun) -> None:
    assert done.rounds == [0]
    assert done.samples().num_rows == 4 * N
    assert done.samples(held_out=True).num_rows == 2 * N
    assert done.verdicts(0).column("outcome").to_pylist().count("correct") == 4 * 2
    assert done.rows().column_names[:3] == ["problem_id", "round", "index"]
    assert done.metrics["rounds"][0]["training_problems"]["n_samples"] == 4 * N
    assert done.config["sampling"]["n"] == N


def test_problems_are_told_apart_by_what_is_held_out(done: StoredRun) -> None:
    trained, held = [{p.id for p in done.problems(held_out=which)} for which in (False, True)]
    assert (len(trained), len(held), trained & held) == (4, 2, set())
    assert {p.id for p in done.problems()} == trained | held


def test_a_sample_stands_beside_its_verdict(done: StoredRun) -> None:
    frame = done.to_pandas(round=0)
    assert list(frame["index"]) == [0, 1, 2, 3] * 4
    assert (frame.text == frame.problem_id.str.removeprefix("t/")).equals(frame.outcome == "correct")


def test_a_table_is_a_data_set_in_one_call(done: StoredRun) -> None:
    data = done.to_dataset("rows")
    assert data.num_rows == done.rows().num_rows > 0
    assert {*data["round"]} == {0}


def test_samples_without_a_verdict_are_there_too(done: StoredRun) -> None:
    for shard in done.path.glob("round-000/verdicts/*/*"):
        shard.unlink()
    judged = done.judged(0)
    assert judged.num_rows == 4 * N
    assert judged.column("outcome").null_count == 4 * N


def test_the_last_verdict_on_a_sample_counts(done: StoredRun) -> None:
    (folder,) = (path for path in done.path.glob("round-000/verdicts/*") if path.is_dir())
    record = done.verdicts(0).to_pylist()[0] | {"outcome": "unjudged", "reward": 0}
    del record["round"]
    folder.with_name(f"{folder.name}.journal-00009.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    verdicts = done.verdicts(0)
    assert verdicts.num_rows == 4 * N
    assert verdicts.column("outcome").to_pylist().count("unjudged") == 1


def test_overrides_reach_the_run_and_a_run_is_opened_again(config: dict[str, Any]) -> None:
    small = rft.run(config, {"sampling.n": 2})
    assert small.samples().num_rows == 4 * 2
    assert rft.run(small.path, ["sampling.n=3"]).samples().num_rows == 4 * 3


def test_a_config_file_runs(config: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(json.dumps(config, default=str), "utf-8")
    assert rft.run(file).rounds == [0]


def test_evaluation_gives_the_figures(config: dict[str, Any]) -> None:
    summary = rft.evaluate(config)
    assert (summary.n_problems, summary.n_samples, summary.pass_at[1].value) == (2, 2 * N, 0.5)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sampling": {"m": 4}}, "unknown key 'sampling.m'"),
        ({"sampling": {"n": 0}}, "key 'sampling.n' is 0"),
        ({"task": {"kind": "jsnl"}}, "unknown task 'jsnl'"),
    ],
)
def test_a_wrong_key_or_value_is_named(config: dict[str, Any], changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        rft.run(config | changes)
    assert not list((Path(config["runs"])).glob("own/round-*"))


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a run: it holds no resolved\.json"):
        rft.load_run(tmp_path)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda run: run.samples(7), "no samples of round-007; rounds that have samples: 0"),
        (lambda run: run.samples(0, held_out=True), "no samples of round-000/eval"),
        (lambda run: run.verdicts(0, verifier="math-1"), "no verdicts of 'math-1'; verifiers that have: math-"),
        (lambda run: run.to_pandas("sample"), "what is 'sample'; allowed: judged, samples"),
        (lambda run: run.to_dataset("rows", held_out=True), "held-out problems have no rows"),
    ],
)
def test_what_is_not_there_is_said(done: StoredRun, ask: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ask(done)
