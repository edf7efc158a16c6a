"""The problems of a run in one Parquet file: written once, read in batches, columns apart."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rft.store.files import writing
from rft.store.streams import in_batches
from rft.store.tables import table_of
from rft.types import Problem

BATCH = 1024
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False, metadata={"json": "text or chat messages"}),
        pa.field("verifier", pa.string(), nullable=False),
        pa.field("reference", pa.string(), nullable=False, metadata={"json": "what the verifier needs"}),
        pa.field("task", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("metadata", pa.string(), nullable=False, metadata={"json": "anything"}),
        pa.field("held_out", pa.bool_(), nullable=False),
    ]
)


def write_problems(path: Path, problems: Iterable[tuple[Problem, bool]]) -> None:
    """Writes problems, each with whether it is held out; the file appears whole.

    Raises:
        RunError: the disk is full.
    """
    with writing(path) as partial, pq.ParquetWriter(partial, SCHEMA, compression="zstd") as writer:
        for batch in in_batches(problems, BATCH):
            records = [_record(problem, held_out) for problem, held_out in batch]
            writer.write_table(table_of(records, SCHEMA))


def read_problems(path: Path, held_out: bool) -> Iterator[Problem]:
    """Yields the problems to train on, or those held out, in their order."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            for record in batch.to_pylist():
                if record["held_out"] is held_out:
                    yield _problem(record)


def read_ids(path: Path, held_out: bool) -> Iterator[str]:
    """Yields the ids of ``read_problems``, in the same order; prompts and references are not read."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["id", "held_out"]):
            yield from batch.filter(pc.equal(batch["held_out"], held_out))["id"].to_pylist()


def read_verifier_names(path: Path) -> dict[str, str]:
    """Returns every verifier that a problem names -> the id of the first such problem."""
    names: dict[str, str] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["verifier", "id"]):
            for name, problem_id in zip(*(batch[column].to_pylist() for column in ("verifier", "id")), strict=True):
                names.setdefault(name, problem_id)
    return names


def _record(problem: Problem, held_out: bool) -> dict[str, Any]:
    as_json = {name: json.dumps(getattr(problem, name), ensure_ascii=False) for name in ("prompt", "reference")}
    as_json["metadata"] = json.dumps(dict(problem.metadata), ensure_ascii=False)
    plain = {name: getattr(problem, name) for name in ("id", "verifier", "task", "split")}
    return {**plain, **as_json, "held_out": held_out}


def _problem(record: dict[str, Any]) -> Problem:
    prompt = json.loads(record["prompt"])
    return Problem(
        id=record["id"],
        prompt=prompt if isinstance(prompt, str) else tuple(prompt),
        verifier=record["verifier"],
        reference=json.loads(record["reference"]),
        task=record["task"],
        split=record["split"],
        metadata=json.loads(record["metadata"]),
    )
