"""Selected rows on the left, files that trainers read on the right.

``selected.parquet`` holds the rows with their lineage. From it come, each as JSONL and as Parquet:

    prompt_completion   {"prompt": [messages], "completion": [{"role": "assistant", "content": ...}]}, or two strings
    messages            {"messages": [...]} and the columns of LINEAGE; chat only: plain text has no roles

Rows pass through a batch at a time, so memory is flat in their number. Schemas are written down, so that a column of
nulls or a first batch without system prompts cannot change a type. Files appear whole or not at all.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from rft.errors import InputError
from rft.prompts.round_trip import RoundTripSummary, check_round_trip
from rft.store.files import writing
from rft.types import Origin, Row

__all__ = ["ExportSummary", "RoundTripSummary", "check_round_trip", "export", "read_rows", "write_rows"]

BATCH = 1024
"""Rows held in memory, and rows of a Parquet row group."""
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_MESSAGES = pa.list_(_MESSAGE)
LINEAGE = [
    pa.field("problem_id", pa.string(), nullable=False),
    pa.field("round", pa.int64(), nullable=False),
    pa.field("index", pa.int64(), nullable=False),
    pa.field("task", pa.string(), nullable=False),
    pa.field("engine", pa.string(), nullable=False),
    pa.field("verifier", pa.string(), nullable=False),
]
"""Which sample a line comes from, and who judged it."""
ROWS = pa.schema(
    [
        *LINEAGE,
        pa.field("prompt", _MESSAGES),
        pa.field("prompt_text", pa.string()),
        pa.field("completion", pa.string(), nullable=False),
        pa.field("extracted", pa.string()),
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
    ]
)
"""``selected.parquet``: ``prompt`` for chat messages, ``prompt_text`` for plain text; the other one is null."""
MESSAGES = pa.schema([pa.field("messages", _MESSAGES, nullable=False), *LINEAGE])
CHAT = pa.schema([pa.field(name, _MESSAGES, nullable=False) for name in ("prompt", "completion")])
PLAIN = pa.schema(
    [pa.field("prompt", pa.string(), nullable=False), pa.field("completion", pa.string(), nullable=False)]
)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export wrote."""

    n_rows: int
    files: tuple[Path, ...]


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Writes ``selected.parquet`` and returns how many rows it holds.

    Raises:
        InputError: the disk is full or the folder cannot be written; nothing is left there.
    """
    n_rows = 0
    with writing(path) as partial, pq.ParquetWriter(partial, ROWS, compression="zstd") as parquet:
        for batch in _batches(rows):
            parquet.write_table(pa.Table.from_pylist([_record(row) for row in batch], schema=ROWS))
            n_rows += len(batch)
    return n_rows


def read_rows(path: Path) -> Iterator[Row]:
    """Yields the rows of a ``selected.parquet`` in their order.

    Raises:
        InputError: the file is missing, damaged or of another schema.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"selected rows {path} cannot be read ({error}); run `rft select` again") from error
    with file:
        if missing := set(ROWS.names) - set(file.schema_arrow.names):
            raise InputError(f"selected rows {path} lack the column '{min(missing)}'; run `rft select` again")
        for batch in file.iter_batches(BATCH, columns=ROWS.names):
            yield from map(_row, batch.to_pylist())


def export(rows: Iterable[Row], out: Path) -> ExportSummary:
    """Writes the training files of all rows into a folder; without rows the files are there and empty.

    Args:
        rows: read once.
        out: is made; files of an earlier export in it are replaced.

    Raises:
        InputError: some rows are chat and some are plain text, or the disk is full; earlier files are left alone.
    """
    rows = iter(rows)
    first = next(rows, None)
    plain = first is not None and isinstance(first.prompt, str)
    schemas = {"prompt_completion": PLAIN} if plain else {"prompt_completion": CHAT, "messages": MESSAGES}
    n_rows = 0
    with ExitStack() as stack:
        sinks = {name: stack.enter_context(_sink(out / name, schema)) for name, schema in schemas.items()}
        for batch in _batches(chain([] if first is None else [first], rows)):
            _check_kind(batch, plain)
            sinks["prompt_completion"].write([_prompt_completion(row) for row in batch])
            if not plain:
                sinks["messages"].write([_messages(row) for row in batch])
            n_rows += len(batch)
    if plain:  # an earlier export of chat rows would no longer belong here
        for suffix in ("jsonl", "parquet"):
            (out / f"messages.{suffix}").unlink(missing_ok=True)
    return ExportSummary(n_rows, tuple(out / f"{name}.{suffix}" for name in schemas for suffix in ("jsonl", "parquet")))


@dataclass(frozen=True, slots=True)
class _Sink:
    """The two files of one format."""

    schema: pa.Schema
    lines: IO[str]
    parquet: pq.ParquetWriter

    def write(self, records: list[Record]) -> None:
        self.lines.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        self.parquet.write_table(pa.Table.from_pylist(records, schema=self.schema))


@contextmanager
def _sink(stem: Path, schema: pa.Schema) -> Iterator[_Sink]:
    with (
        writing(stem.with_suffix(".jsonl")) as jsonl,
        writing(stem.with_suffix(".parquet")) as table,
        jsonl.open("w", encoding="utf-8") as lines,
        pq.ParquetWriter(table, schema, compression="zstd") as parquet,
    ):
        yield _Sink(schema, lines, parquet)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _check_kind(batch: Iterable[Row], plain: bool) -> None:
    for row in batch:
        if isinstance(row.prompt, str) != plain:
            kinds = ("plain text", "chat messages") if plain else ("chat messages", "plain text")
            raise InputError(
                f"the first row's prompt is {kinds[0]}, that of problem {row.problem_id}, round {row.round}, is "
                f"{kinds[1]}; one training set takes one kind: set prompt.style and select again"
            )


def _lineage(row: Row) -> Record:
    return {field.name: getattr(row, field.name) for field in LINEAGE}


def _record(row: Row) -> Record:
    plain = isinstance(row.prompt, str)
    return _lineage(row) | {
        "prompt": None if plain else list(row.prompt),
        "prompt_text": row.prompt if plain else None,
        "completion": row.completion,
        "extracted": row.extracted,
        "n_tokens": row.n_tokens,
        "origin": row.origin.value,
    }


def _row(record: Record) -> Row:
    text = record.pop("prompt_text")
    prompt = tuple(record["prompt"]) if text is None else text
    return Row(**(record | {"prompt": prompt, "origin": Origin(record["origin"])}))


def _prompt_completion(row: Row) -> Record:
    if isinstance(row.prompt, str):
        return {"prompt": row.prompt, "completion": row.completion}
    return {"prompt": list(row.prompt), "completion": [_answer(row)]}


def _messages(row: Row) -> Record:
    return {"messages": [*row.prompt, _answer(row)], **_lineage(row)}


def _answer(row: Row) -> Record:
    return {"role": "assistant", "content": row.completion}
