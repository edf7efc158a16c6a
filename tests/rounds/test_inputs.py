"""A run's figures belong to its inputs: a change is told and refused, never mixed in silence."""

import os
import shlex
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rft.store.files import read_json
from rft.store.lock import Lock
from tests.rounds.line import N_PROBLEMS, RFT, rft, write_completions, write_problems, write_run
from tests.tiny import write_model


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_run(tmp_path / "own")


def texts(run: Path) -> set[str]:
    return set(pq.read_table(sorted((run / "round-000" / "samples").glob("*.parquet")))["text"].to_pylist())


@pytest.mark.parametrize("n", [4, 6])
def test_other_completions_under_the_same_name_are_refused(config: Path, n: int) -> None:
    rft("run", config)
    run, other = config.parent / "runs" / "r", write_completions(config.parent / "b.jsonl", off=5)
    before, resolved = texts(run), (run / "resolved.json").read_text()
    refused = rft("run", config, f"sampler.path={other}", f"sampling.n={n}", code=2).stderr
    assert f"sampler.path {config.parent / 'a.jsonl'} (sha256:" in refused
    assert f"not to {other} (sha256:" in refused
    assert refused.count("\n") == 1
    assert texts(run) == before
    assert (run / "resolved.json").read_text() == resolved


def test_completions_overwritten_in_place_are_noticed(config: Path) -> None:
    rft("run", config)
    stored = config.parent / "a.jsonl"
    times = stored.stat()
    write_completions(stored, off=5)
    os.utime(stored, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "Samples of two systems never mix" in rft("run", config, code=2).stderr


def test_completions_that_moved_or_are_gone_are_no_change(config: Path) -> None:
    rft("run", config)
    stored = config.parent / "a.jsonl"
    moved = stored.rename(config.parent / "moved.jsonl")
    rft("run", config)
    rft("run", config, f"sampler.path={moved}", "sampling.n=6")
    assert len(texts(config.parent / "runs" / "r")) > 0


def test_pace_is_no_part_of_an_identity_and_other_options_are(config: Path) -> None:
    rft("run", config)
    rft("run", config, "sampler.delay_s=0.0001", "sampling.n=5")
    assert "sampler.round null, not to 0" in rft("run", config, "sampler.round=0", code=2).stderr


def test_a_changed_task_file_is_refused_with_the_command_that_takes_it(config: Path) -> None:
    rft("run", config)
    write_problems(config.parent / "own.jsonl", {3: "5"})
    run = config.parent / "runs" / "r"
    for command, target in (("run", config), ("select", run)):
        refused = rft(command, target, code=2).stderr
        assert f"`rft rejudge {run} --references`" in refused
        assert "task.path" in refused


@pytest.mark.parametrize("override", ["eval.k=[1,2]", "eval.confidence=0.9", "eval.resamples=100"])
def test_how_figures_are_computed_may_change(config: Path, override: str) -> None:
    rft("run", config)
    rft("run", config, override)


def test_a_run_that_failed_before_its_first_sample_takes_any_config(config: Path) -> None:
    bad = write_completions(config.parent / "bad.jsonl", n=0)
    rft("run", config, f"sampler.path={bad}", code=2)
    rft("run", config, "seed=5", "sampling.temperature=1", "eval.holdout=2")
    split = read_json(config.parent / "runs" / "r" / "split.json")
    assert (split["seed"], len(split["held_out"])) == (5, 2)


def test_a_run_that_began_before_inputs_were_recorded_goes_on(config: Path) -> None:
    rft("run", config)
    run = config.parent / "runs" / "r"
    (run / "inputs.json").unlink()
    before = texts(run)
    rft("run", config)
    assert texts(run) == before
    (run / "inputs.json").unlink()
    other = write_completions(config.parent / "b.jsonl", off=5)
    assert "never mix" in rft("run", config, f"sampler.path={other}", code=2).stderr


def test_all_problems_may_be_measured_on_and_no_model_is_needed(config: Path) -> None:
    rft("eval", config, "name=all", "eval.holdout=1000")
    split = read_json(config.parent / "runs" / "all" / "split.json")
    assert len(split["held_out"]) == N_PROBLEMS
    assert "every problem of" in rft("sample", config, "name=all", "eval.holdout=1000", code=2).stderr


def test_a_task_with_only_a_test_split_can_be_measured_on(config: Path) -> None:
    own = f"task.path={{test: {config.parent / 'own.jsonl'}}}"
    rft("run", config, own, "eval.split=test")
    assert read_json(config.parent / "runs" / "r" / "metrics.json")["rounds"] == []


def test_what_needs_a_model_says_so(config: Path) -> None:
    assert "sampler 'vllm' needs one" in rft("run", config, "sampler.kind=vllm", code=2).stderr
    assert "trainer 'trl' needs one" in rft("run", config, "train.kind=trl", code=2).stderr


def test_a_failed_run_without_figures_shows_no_table(config: Path) -> None:
    bad = write_completions(config.parent / "bad.jsonl", n=0)
    assert rft("run", config, f"sampler.path={bad}", code=2).stdout == ""


@pytest.mark.parametrize("kib", [1, 2, 4])
def test_a_full_disk_is_a_failure_and_the_same_command_goes_on(config: Path, kib: int) -> None:
    # a file that grows beyond the limit fails as on a full disk
    command = f"ulimit -f {kib} && exec {shlex.join([*RFT, 'run', str(config)])}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("rft: ")]
    assert len(errors) == 1
    assert "no space left for it; free some and run the same command again" in errors[0]
    assert "Traceback" not in done.stderr
    rft("run", config)
    assert len(pq.read_table(sorted((config.parent / "runs/r/round-000/samples").glob("*.parquet")))) == 36


@pytest.mark.parametrize("command", ["run", "sample", "select", "export", "eval", "rejudge"])
def test_no_lock_goes_on_where_a_lock_cannot_be_had(config: Path, command: str) -> None:
    rft("run", config)
    lock = Lock(config.parent / "runs" / "r" / "lock")
    lock.acquire()
    try:
        assert "is in use by process" in rft(command, config, code=2).stderr
        rft(command, config, "--no-lock")
    finally:
        lock.release()


def test_a_model_is_compared_by_what_it_holds(tmp_path: Path) -> None:
    config, model = write_run(tmp_path / "own"), write_model(tmp_path / "base")
    rft("run", config, f"model={model}")
    run = config.parent / "runs" / "r"
    moved = model.rename(tmp_path / "moved")
    rft("run", config, f"model={moved}")
    resolved = (run / "resolved.json").read_text()
    (moved / "config.json").write_text((moved / "config.json").read_text() + "\n")
    for command in ("run", "select"):
        refused = rft(command, config, f"model={moved}", code=2).stderr
        assert f"belong to model {moved} (sha256:" in refused
        assert "Samples of two systems never mix" in refused
    assert (run / "resolved.json").read_text() == resolved


def test_a_task_file_changed_before_the_first_sample_is_read_again(config: Path) -> None:
    bad = write_completions(config.parent / "bad.jsonl", n=0)
    rft("run", config, f"sampler.path={bad}", code=2)
    write_problems(config.parent / "own.jsonl", dict.fromkeys(range(N_PROBLEMS), "77"))
    rft("run", config)
    rounds = read_json(config.parent / "runs" / "r" / "metrics.json")["rounds"]
    assert rounds[0]["training_problems"]["pass_at"]["1"]["value"] == 0


def test_changed_verifiers_are_told(config: Path) -> None:
    rft("run", config)
    said = rft("run", config, "verifiers.math.extraction=strict").stderr
    assert "the old verdicts stay but count no longer" in said
    assert "count no longer" not in rft("run", config, "verifiers.math.extraction=strict").stderr
