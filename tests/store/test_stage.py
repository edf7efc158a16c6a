"""The folder of an E-step: what was stored comes back, also what an earlier version stored."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rft.store.stage import VERDICTS, StageFolder
from rft.types import FinishReason, Outcome, Problem, Sample, Trust, Verdict

PROBLEM = Problem("p", "2+2?", "code", "4", "toy", "train")


def stored(folder: StageFolder) -> list[Verdict]:
    return [one.verdict for group in folder.groups([PROBLEM], ["code-1-0"]) for one in group.judged()]


@pytest.mark.parametrize("sealed", [False, True])
def test_trust_comes_back_as_it_was_stored(tmp_path: Path, sealed: bool) -> None:
    folder = StageFolder(tmp_path)
    verdicts = [Verdict(Outcome.CORRECT, "code-1-0", trust=trust) for trust in Trust]
    for index, verdict in enumerate(verdicts):
        folder.add_sample(Sample("p", 0, index, "text", 1, FinishReason.STOP, "replay", None))
        folder.add_verdicts("p", {index: verdict})
    if sealed:
        folder.flush()
    assert stored(folder) == verdicts
    folder.close()


def test_a_shard_from_before_there_was_trust_is_read(tmp_path: Path) -> None:
    folder = StageFolder(tmp_path)
    old = pa.schema([field for field in VERDICTS if field.name != "trust"])
    record = {"problem_id": "p", "index": 0, "outcome": "correct", "reward": 1, "cpu_s": 0.0, "wall_s": 0.0}
    (tmp_path / "verdicts/code-1-0").mkdir(parents=True)
    table = pa.Table.from_pylist([record | {"verifier": "code-1-0"}], schema=old)
    pq.write_table(table, tmp_path / "verdicts/code-1-0/part-00000.parquet")
    folder.add_sample(Sample("p", 0, 0, "text", 1, FinishReason.STOP, "replay", None))
    folder.add_sample(Sample("p", 0, 1, "text", 1, FinishReason.STOP, "replay", None))
    folder.add_verdicts("p", {1: Verdict(Outcome.CORRECT, "code-1-0", trust=Trust.LOW)})
    assert [verdict.trust for verdict in stored(folder)] == [Trust.FULL, Trust.LOW]
    folder.close()
