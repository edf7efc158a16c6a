"""Stored samples judged again: with other settings, or with corrected references."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rft.store.files import read_json
from tests.rounds.line import rft, write_problems, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rft("run", write_run(tmp_path / "own"))
    return tmp_path / "own" / "runs" / "r"


def training(run: Path) -> int:
    held_out = read_json(run / "split.json")["held_out"]
    return next(n for n in range(12) if f"p{n}" not in held_out)


def rejudged(run: Path, *arguments: str) -> dict[str, object]:
    shown: dict[str, object] = json.loads(rft("rejudge", run, *arguments, "--json").stdout)
    return shown


def test_a_corrected_reference_flips_its_samples_and_no_others(run: Path) -> None:
    n = training(run)
    before = read_json(run / "round-000" / "funnel.json")["funnel"]["dropped"]["incorrect"]
    write_problems(run.parents[1] / "own.jsonl", {n: str(n + 2)})
    facts = rejudged(run, "--references")
    assert (facts["changed_references"], facts["judged"], facts["flips"]) == (1, 4, 4)
    flips = facts["flipped"]
    assert isinstance(flips, list)
    assert [(f["problem_id"], f["index"], f["before"], f["after"]) for f in flips] == [
        (f"p{n}", 0, "correct", "incorrect"),
        (f"p{n}", 1, "incorrect", "correct"),
        (f"p{n}", 2, "correct", "incorrect"),
        (f"p{n}", 3, "incorrect", "correct"),
    ]
    rft("run", run.parents[1] / "run.yaml")
    assert read_json(run / "round-000" / "funnel.json")["funnel"]["dropped"]["incorrect"] == before
    rows = pq.read_table(run / "round-000" / "selected.parquet").to_pylist()
    assert {row["index"] % 2 for row in rows if row["problem_id"] == f"p{n}"} == {1}
    assert {row["index"] % 2 for row in rows if row["problem_id"] != f"p{n}"} == {0}


def test_figures_are_new_as_soon_as_verdicts_are(run: Path) -> None:
    held_out = read_json(run / "split.json")["held_out"]
    write_problems(run.parents[1] / "own.jsonl", {int(problem_id[1:]): "77" for problem_id in held_out})
    assert "selects, and trains, with the new verdicts" in rft("rejudge", run, "--references").stderr
    assert read_json(run / "metrics.json")["evaluations"][0]["pass_at"]["1"]["value"] == 0
    assert read_json(run / "baseline" / "eval" / "metrics.json")["pass_at"]["1"]["value"] == 0


def test_old_verdicts_stay_under_their_own_id(run: Path) -> None:
    (old,) = (run / "round-000" / "verdicts").iterdir()
    kept = pq.read_table(sorted(old.glob("*.parquet")))
    n = training(run)
    write_problems(run.parents[1] / "own.jsonl", {n: "77"})
    rejudged(run, "--references")
    assert pq.read_table(sorted(old.glob("*.parquet"))).equals(kept)
    (new,) = set((run / "round-000" / "verdicts").iterdir()) - {old}
    assert new.name.startswith(f"{old.name}-r")
    fresh = pq.read_table(sorted(new.glob("*.parquet")))
    assert set(fresh["verifier"].to_pylist()) == {new.name}
    assert fresh.num_rows == kept.num_rows


def test_a_correction_taken_back_brings_the_old_verdicts_back(run: Path) -> None:
    own, n = run.parents[1] / "own.jsonl", training(run)
    metrics = (run / "metrics.json").read_text()
    write_problems(own, {n: "77"})
    assert rejudged(run, "--references")["flips"] == 2
    write_problems(own)
    facts = rejudged(run, "--references")
    assert (facts["judged"], facts["flips"]) == (0, 2)
    rft("run", run.parents[1] / "run.yaml")
    assert (run / "metrics.json").read_text() == metrics


@pytest.mark.parametrize("put_back", [False, True])
def test_references_are_taken_again_after_a_kill_between_problems_and_mark(run: Path, put_back: bool) -> None:
    own, n = run.parents[1] / "own.jsonl", training(run)
    inputs = read_json(run / "inputs.json")
    write_problems(own, {n: str(n + 2)})
    rejudged(run, "--references")
    # as a kill just before the mark was written would leave it
    begun = {"first_references": read_json(run / "inputs.json")["first_references"], "unfinished": True}
    (run / "inputs.json").write_text(json.dumps(inputs | begun))
    for verdicts in (run / "round-000" / "verdicts").glob("*-r*"):
        verdicts.rename(run / "away")
    if put_back:
        write_problems(own)
    refused = rft("run", run.parents[1] / "run.yaml", code=2).stderr
    assert f"finish that first: rft rejudge {run} --references" in refused
    facts = rejudged(run, "--references")
    assert (facts["changed_references"], facts["judged"], facts["flips"]) == ((0, 0, 0) if put_back else (1, 4, 4))
    rft("run", run.parents[1] / "run.yaml")


def test_a_run_that_lost_its_marks_is_refused(run: Path) -> None:
    write_problems(run.parents[1] / "own.jsonl", {training(run): "77"})
    rejudged(run, "--references")
    (run / "inputs.json").unlink()
    refused = rft("run", run.parents[1] / "run.yaml", code=2).stderr
    assert "inputs.json no longer says to which references the verdicts belong" in refused


def test_a_run_without_samples_has_nothing_to_judge(tmp_path: Path) -> None:
    config = write_run(tmp_path / "own", sampler={"kind": "replay", "path": "none.jsonl"})
    rft("run", config, code=2)
    for option in ((), ("--references",)):
        assert "has no samples yet" in rft("rejudge", config, *option, code=2).stderr


def test_another_question_under_an_id_is_refused_and_changes_nothing(run: Path) -> None:
    own = run.parents[1] / "own.jsonl"
    own.write_text(own.read_text().replace('"3 + 1?"', '"three + 1?"'))
    before = (run / "problems.parquet").read_bytes()
    assert "problem p3 of the task asks another question" in rft("rejudge", run, "--references", code=2).stderr
    assert (run / "problems.parquet").read_bytes() == before


def test_a_problem_that_is_gone_is_named(run: Path) -> None:
    own = run.parents[1] / "own.jsonl"
    own.write_text("".join(own.read_text().splitlines(keepends=True)[:-1]))
    assert "problem p11 of" in rft("rejudge", run, "--references", code=2).stderr


def test_other_settings_judge_all_again_and_list_the_flips(run: Path) -> None:
    assert rejudged(run, "--round", "0", "verifiers.math.extraction=strict")["flips"] == 0
    shown = rft("rejudge", run, "verifiers.math.extraction=strict").stdout
    assert "flips: 0" in shown


def test_references_of_one_round_only_are_refused(run: Path) -> None:
    assert "leave --round out" in rft("rejudge", run, "--references", "--round", "0", code=2).stderr


def test_verify_of_a_run_names_rejudge(run: Path) -> None:
    for target in (run, run.parents[1] / "run.yaml"):
        assert f"`rft rejudge {target}` judges a run's samples" in rft("verify", target, code=2).stderr


def test_a_run_goes_on_only_after_its_references_are_taken_or_put_back(run: Path) -> None:
    own, config = run.parents[1] / "own.jsonl", run.parents[1] / "run.yaml"
    write_problems(own, {training(run): "77"})
    assert "--references` takes the task's present references" in rft("run", config, code=2).stderr
    write_problems(own)
    rft("run", config)


def test_what_could_not_be_judged_is_judged_again(run: Path) -> None:
    (verdicts,) = (run / "round-000" / "verdicts").iterdir()
    for shard in verdicts.glob("*.parquet"):
        table = pq.read_table(shard)
        column = table.schema.get_field_index("outcome")
        lost = pa.array(["unjudged"] * table.num_rows, table.schema.field("outcome").type)
        pq.write_table(table.set_column(column, table.schema.field("outcome"), lost), shard)
    facts = rejudged(run, "--round", "0")
    assert (facts["judged"], facts["flips"]) == (36, 36)


def test_a_command_that_is_refused_leaves_the_recorded_config(run: Path) -> None:
    recorded = (run / "resolved.json").read_text()
    other = run.parents[1] / "other.jsonl"
    write_problems(other, {1: "77"})
    rft("select", run, "verifiers.math.extraction=strikt", code=2)
    other.write_text(other.read_text().replace('"3 + 1?"', '"three + 1?"'))
    rft("rejudge", run, "--references", f"task.path={other}", code=2)
    assert (run / "resolved.json").read_text() == recorded
    write_problems(other, {1: "77"})
    rft("rejudge", run, "--references", f"task.path={other}")
    assert read_json(run / "resolved.json")["task"]["path"] == str(other)
    rft("run", run)
