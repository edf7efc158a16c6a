"""Whole runs through the command line, on stored completions: what a user relies on, ``kill -9`` included."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from rft.store.files import read_json
from rft.tasks.arithmetic import Arithmetic
from tests.rounds.line import RFT, rft
from tests.tiny import COPY, write_model

N_PROBLEMS, N_SAMPLES, N_HELD_OUT = 60, 8, 10


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two rounds on completions of which about half are right and some are cut off."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(7)
    with (tmp_path / "stored.jsonl").open("w") as file:
        for problem in Arithmetic(n_problems=N_PROBLEMS).problems("train"):
            for index in range(2 * N_SAMPLES):
                answer = int(problem.reference) + rng.choice([0, 0, 0, 1, -10])
                row = {
                    "problem_id": problem.id,
                    "index": index,
                    "text": f"{rng.choice(['So', 'Thus', 'Hence'])} it is \\boxed{{{answer}}}",
                    "finish_reason": "length" if rng.random() < 0.1 else "stop",
                }
                file.write(json.dumps(row) + "\n")
    (tmp_path / "copy_trainer.py").write_text(COPY)
    command = [sys.executable, str(tmp_path / "copy_trainer.py"), "{train_file}", "{base_model}", "{out}", "0.3"]
    run = {
        "name": "r",
        "runs": "runs",
        "model": str(write_model(tmp_path / "base")),
        "task": {"kind": "arithmetic", "n_problems": N_PROBLEMS},
        "sampler": {"kind": "replay", "path": str(tmp_path / "stored.jsonl")},
        "sampling": {"n": N_SAMPLES},
        "train": {"kind": "command", "command": command},
        "loop": {"rounds": 2},
        "eval": {"holdout": N_HELD_OUT, "n": 4},
    }
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(run))
    return path


def keys(folder: Path) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for shard in sorted((folder / "samples").glob("*.parquet")):
        table = pq.read_table(shard, columns=["problem_id", "index"]).to_pylist()
        found.update((row["problem_id"], row["index"]) for row in table)
    for journal in folder.glob("samples.journal-*.jsonl"):
        rows = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
        found.update((row["problem_id"], row["index"]) for row in rows)
    return found


def every(run: Path, held_out: bool, n: int) -> dict[tuple[str, int], int]:
    table = pq.read_table(run / "problems.parquet", columns=["id", "held_out"]).to_pylist()
    return {(row["id"], i): 1 for row in table if row["held_out"] is held_out for i in range(n)}


def assert_complete(run: Path, n: int = N_SAMPLES) -> None:
    for number in range(2):
        assert keys(run / f"round-00{number}") == every(run, False, n)
        assert keys(run / f"round-00{number}" / "eval") == every(run, True, 4)
    assert keys(run / "baseline" / "eval") == every(run, True, 4)
    assert len(read_json(run / "metrics.json")["evaluations"]) == 3


def test_a_run_goes_from_problems_to_a_table_and_then_has_nothing_left_to_do(config: Path) -> None:
    done = rft("run", config)
    run = config.parent / "runs" / "r"
    assert "Held-out problems (10)" in done.stdout
    assert_complete(run)
    before = {path: path.stat().st_mtime_ns for path in run.glob("round-*/**/*.parquet")}
    rft("run", config)
    assert {path: path.stat().st_mtime_ns for path in run.glob("round-*/**/*.parquet")} == before


def test_held_out_problems_reach_no_training_file(config: Path) -> None:
    rft("run", config)
    run = config.parent / "runs" / "r"
    held_out = set(read_json(run / "split.json")["held_out"])
    assert len(held_out) == N_HELD_OUT
    for number in range(2):
        rows = pq.read_table(run / f"round-00{number}" / "selected.parquet").to_pylist()
        assert rows
        assert not held_out & {row["problem_id"] for row in rows}


def test_the_funnel_accounts_for_every_sample(config: Path) -> None:
    rft("run", config)
    funnel = read_json(config.parent / "runs" / "r" / "round-000" / "funnel.json")["funnel"]
    assert funnel["sampled"] == (N_PROBLEMS - N_HELD_OUT) * N_SAMPLES
    assert funnel["sampled"] == funnel["kept"] + sum(funnel["dropped"].values())
    assert funnel["dropped"]["truncated"] > 0
    assert funnel["dropped"]["duplicate"] > 0


@pytest.mark.parametrize("seed", range(10))
def test_kill_9_at_any_moment_loses_nothing_and_doubles_nothing(config: Path, seed: int) -> None:
    rng = random.Random(seed)
    run = config.parent / "runs" / "r"
    command = [*RFT, "run", str(config), "sampler.delay_s=0.002"]
    reported: Counter[tuple[str, int]] = Counter()
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(rng.uniform(0.3, 3.0))
        seen = keys(run / "round-000")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not reported - keys(run / "round-000")
        reported = seen
    rft("run", config, "sampler.delay_s=0")
    assert_complete(run)


def test_ctrl_c_says_how_to_go_on_and_exits_130(config: Path) -> None:
    command = [*RFT, "run", str(config), "sampler.delay_s=0.05"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run = config.parent / "runs" / "r"
    deadline = time.monotonic() + 30
    while not keys(run / "baseline" / "eval") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, shown = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert f"Go on with: rft run {config}" in shown
    rft("run", config)
    assert_complete(run)


def test_a_larger_n_tops_the_last_round_up_and_puts_aside_what_it_outdates(config: Path) -> None:
    rft("run", config, "loop.rounds=1")
    run = config.parent / "runs" / "r"
    rft("run", config, "loop.rounds=1", "sampling.n=12")
    assert keys(run / "round-000") == every(run, False, 12)
    assert sorted(p.name for p in (run / "round-000" / "superseded-001").iterdir()) == ["eval", "train"]


def test_a_changed_filter_selects_anew_and_samples_nothing(config: Path) -> None:
    rft("run", config, "train.kind=none", "loop.rounds=1")
    run = config.parent / "runs" / "r"
    before = read_json(run / "round-000" / "funnel.json")["funnel"]
    moved = config.parent / "stored.jsonl"
    moved.rename(moved.with_suffix(".gone"))
    rft("select", run, "select.cap=1")
    after = read_json(run / "round-000" / "funnel.json")["funnel"]
    assert after["sampled"] == before["sampled"]
    assert after["kept"] == after["problems"]["kept"] < before["kept"]


def test_the_same_rows_are_exported_once(config: Path) -> None:
    one = ("train.kind=none", "loop.rounds=1")
    rft("run", config, *one)
    file = config.parent / "runs" / "r" / "round-000" / "export" / "prompt_completion.jsonl"
    before = file.stat().st_mtime_ns
    rft("run", config, *one)
    assert file.stat().st_mtime_ns == before
    n_rows = len(file.read_text().splitlines())
    rft("run", config, *one, "select.cap=1")
    assert len(file.read_text().splitlines()) < n_rows


def test_changed_training_says_why_and_puts_the_old_model_aside(config: Path) -> None:
    rft("run", config, "loop.rounds=1")
    said = rft("run", config, "loop.rounds=1", "train.timeout_s=99").stderr
    assert (
        "trained again, because of a change in train; the old model and its measurement are in superseded-001" in said
    )


def test_a_trainers_config_counts_by_content_and_a_lost_one_puts_nothing_aside(config: Path) -> None:
    own = config.parent / "recipe.toml"
    own.write_text("lr = 1")
    one = ("loop.rounds=1", f"train.configs=[{own}]")
    rft("run", config, *one)
    moved = own.rename(config.parent / "sub.toml")
    assert "trained again" not in rft("run", config, "loop.rounds=1", f"train.configs=[{moved}]").stderr
    moved.rename(own).write_text("lr = 2")
    assert "because of a change in train;" in rft("run", config, *one).stderr
    own.unlink()
    assert f"{own} cannot be read" in rft("run", config, *one, code=2).stderr
    folder = config.parent / "runs" / "r" / "round-000"
    assert (folder / "train" / "model.json").exists()
    assert [path.name for path in folder.glob("superseded-*")] == ["superseded-001"]


def test_a_closed_round_says_what_changed_since_and_is_judged_by_the_present_verifiers(config: Path) -> None:
    rft("run", config)
    run = config.parent / "runs" / "r"
    rows = (run / "round-000" / "selected.parquet").read_bytes()
    said = rft("run", config, "select.cap=1", "verifiers.math.extraction=strict").stderr
    assert "round 0: its rows and its model stay as they are, because round 1 was drawn from it" in said
    assert "changed since then: select, verifiers" in said
    assert (run / "round-000" / "selected.parquet").read_bytes() == rows
    first, second = read_json(run / "metrics.json")["rounds"]
    assert first["training_problems"]["n_samples"] == second["training_problems"]["n_samples"] > 0
    assert "changed since then" not in rft("run", config).stderr


def test_a_copied_run_is_worked_on_where_it_lies(config: Path) -> None:
    rft("run", config, "train.kind=none", "loop.rounds=1")
    runs = config.parent / "runs"
    shutil.copytree(runs / "r", runs / "copy")
    before = (runs / "r" / "round-000" / "funnel.json").read_text()
    rft("select", runs / "copy", "select.cap=1")
    assert (runs / "r" / "round-000" / "funnel.json").read_text() == before
    assert (runs / "copy" / "round-000" / "funnel.json").read_text() != before


def test_a_round_that_another_builds_on_is_closed(config: Path) -> None:
    rft("run", config)
    run = config.parent / "runs" / "r"
    for command in (f"sample {run}", f"select {run} select.cap=1", f"train {run} train.timeout_s=99"):
        assert "round 0 of" in (shown := rft(*command.split(), code=2).stderr)
        assert "is closed: round 1 was drawn from its model" in shown
    assert_complete(run)


def change_weights(model: Path) -> None:
    weights = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(weights[:-8] + b"\1" * 8)


def test_a_round_is_bound_to_the_model_of_the_one_before(config: Path) -> None:
    rft("run", config)
    change_weights(config.parent / "runs" / "r" / "round-000" / "train" / "model")
    assert "is another model" in rft("run", config, code=2).stderr


def test_samples_of_two_models_are_never_mixed(config: Path) -> None:
    rft("run", config, "train.kind=none")
    change_weights(config.parent / "base")
    refused = rft("run", config, "train.kind=none", "sampling.n=9", code=2).stderr
    assert "Samples of two systems never mix" in refused


def test_a_smaller_n_is_no_change_and_a_failed_larger_one_can_be_taken_back(config: Path) -> None:
    rft("run", config, "train.kind=none")
    assert "index 16" in rft("run", config, "train.kind=none", "sampling.n=40", code=2).stderr
    rft("run", config, "train.kind=none", "sampling.n=4")


def test_a_stage_of_a_round_that_is_not_there_is_refused(config: Path) -> None:
    rft("run", config, "train.kind=none")
    for command in ("select", "rejudge", "export"):
        assert "no samples of round 7; there are: round-000" in rft(command, config, "--round", "7", code=2).stderr
    assert not (config.parent / "runs" / "r" / "round-007").exists()


def test_a_config_that_changed_under_a_run_is_refused_by_key(config: Path) -> None:
    rft("run", config, "train.kind=none")
    refused = rft("run", config, "train.kind=none", "sampling.temperature=1.5", "seed=3", code=2)
    assert "sampling.temperature: 0.7 -> 1.5" in refused.stderr
    assert "seed: 0 -> 3" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_folder_that_is_not_a_run_is_left_alone(config: Path) -> None:
    folder = config.parent / "runs" / "r"
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("years of work")
    assert "is not a run: it holds thesis.tex" in rft("run", config, code=2).stderr
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("task.kind=arithmetik", "unknown task 'arithmetik'; did you mean 'arithmetic'"),
        ("task.digit=3", "unknown option 'digit' of task 'arithmetic'; did you mean 'digits'"),
        ("sampler.kind=vlm", "unknown sampler 'vlm'; did you mean 'vllm'"),
        ("train.kind=trll", "unknown trainer 'trll'; did you mean 'trl'"),
        ("model=smollm2-136m", "did you mean 'smollm2-135m'"),
        ("verifiers.math.polcy=strict", "unknown option 'polcy' of verifier 'math'"),
        ("sampler.path=nowhere.jsonl", "nowhere.jsonl"),
        ("sampling.n=40", "index 16"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(config: Path, override: str, sentence: str) -> None:
    done = rft("run", config, override, code=2)
    assert sentence in done.stderr
    assert done.stderr.count("rft: ") == 1
    assert "Traceback" not in done.stderr


def test_a_problem_that_nothing_can_judge_is_named_and_leaves_the_name_free(config: Path) -> None:
    rows = [{"id": f"p{n}", "prompt": f"{n} + 1?", "reference": str(n + 1)} for n in range(20)]
    (config.parent / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = ("task.kind=jsonl", "task.path=own.jsonl", "train.kind=none", "eval.holdout=2")
    refused = rft("run", config, *own, "task.verifier=mth", code=2).stderr
    assert "unknown verifier 'mth' in problem p" in refused
    # the name is free: what stops the next start is that the stored completions are of other problems
    assert "index 0" in rft("run", config, *own, code=2).stderr


def test_a_start_that_failed_on_its_data_leaves_the_name_free(config: Path) -> None:
    rft("run", config, "task.n_problems=100000", code=2)
    rft("run", config, "train.kind=none", "loop.rounds=1")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [("raise SystemExit('boom')", "boom"), ("print('did nothing')", "config.json")],
)
def test_a_trainer_that_fails_or_writes_nothing_leaves_the_run_resumable(
    config: Path, script: str, sentence: str
) -> None:
    trainer = config.parent / "copy_trainer.py"
    trainer.write_text(script)
    failed = rft("run", config, code=1)
    assert sentence in failed.stderr
    assert "Held-out problems" in failed.stdout
    trainer.write_text(COPY)
    rft("run", config)
    assert_complete(config.parent / "runs" / "r")


def test_a_bare_file_is_judged_line_by_line(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "verifier": "math", "reference": "\\frac{1}{2}", "completion": "so \\boxed{0.5}"},
        {"id": "b", "verifier": "math", "reference": ["3", "4"], "completion": "so \\boxed{5}"},
        {"id": "c", "reference": "7", "completion": "no idea"},
        {"id": "d", "reference": "7", "completion": "\\boxed{7}", "finish_reason": "length"},
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rft("verify", source, "--out", out, "--verifier", "math")
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(r["id"], r["outcome"], r["reward"]) for r in found] == [
        ("a", "correct", 1),
        ("b", "incorrect", 0),
        ("c", "incorrect", 0),
        ("d", "truncated", 0),
    ]
    assert found[2]["reason"] == "no_answer"
    assert set(found[0]) == {"id", "outcome", "reward", "reason", "extracted", "detail", "wall_s"}


def test_a_bare_file_is_judged_with_the_options_that_are_given(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "a\\u001b[31m", "verifier": "math", "reference": "7", "completion": "It is 7"}\n')
    rft("verify", source, "--out", out)
    assert json.loads(out.read_text())["outcome"] == "correct"
    rft("verify", source, "verifiers.math.extraction=strict", "--out", out)
    assert json.loads(out.read_text())["outcome"] == "incorrect"
    assert "'sampling' does not apply" in rft("verify", source, "sampling.n=3", "--out", out, code=2).stderr


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("verifiers=3", "verifiers holds 3; write verifiers.NAME.OPTION=VALUE"),
        ("verifiers.math=3", "verifiers.math is 3; write verifiers.math.OPTION=VALUE"),
        ("verifiers.mth.units=convert", "unknown verifier 'mth' under 'verifiers'; did you mean 'math'?"),
        ("sampling.n=3", "'sampling' does not apply to a bare file"),
    ],
)
def test_wrong_options_for_a_bare_file_are_one_sentence(tmp_path: Path, override: str, sentence: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "1", "verifier": "math", "reference": "1", "completion": "1"}\n')
    assert sentence in rft("verify", source, override, "--out", tmp_path / "out.jsonl", code=2).stderr


def test_a_file_that_cannot_be_judged_is_a_failure_with_its_reasons_on_disk(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "a", "verifier": "math", "reference": {"x": 1}, "completion": "\\\\boxed{7}"}\n')
    assert "1 of 1 lines could not be judged" in rft("verify", source, "--out", out, code=1).stderr
    assert json.loads(out.read_text())["reason"] == "bad_reference"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2"),
        ('{"id": "x", "completion": "1"}', "line 2: has no reference"),
        ('{"id": "x", "reference": "1"}', "line 2: 'completion' is None, it must be a text"),
        ('{"id": "x", "reference": NaN, "completion": "1"}', "line 2: NaN is not a JSON value"),
        ('{"id": "x", "verifier": "mth", "reference": "1", "completion": "1"}', "unknown verifier 'mth'"),
    ],
)
def test_a_bad_line_stops_before_anything_is_judged(tmp_path: Path, line: str, sentence: str) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "a", "reference": "1", "completion": "\\\\boxed{1}"}\n' + line + "\n")
    assert sentence in rft("verify", source, "--out", out, "--verifier", "math", code=2).stderr
    assert not out.exists()
    if "mth" not in line:
        assert "skipped: 1" in rft("verify", source, "--out", out, "--verifier", "math", "--skip-bad-rows").stdout
        assert len(out.read_text().splitlines()) == 1
