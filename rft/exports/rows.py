"""``selected.parquet``: the selected rows of a round with their lineage, written and read a batch at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rft.errors import InputError
from rft.store.files import writing
from rft.types import JSON, Origin, Row

BATCH = 1024
"""Rows held in memory, and rows of a Parquet row group."""
MESSAGE_LIST = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
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
        pa.field("prompt", MESSAGE_LIST),
        pa.field("prompt_text", pa.string()),
        pa.field("completion", pa.string(), nullable=False),
        pa.field("extracted", pa.string()),
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
    ]
)
"""``selected.parquet``: ``prompt`` for chat messages, ``prompt_text`` for plain text; the other one is null."""


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Writes ``selected.parquet`` and returns how many rows it holds.

    Raises:
        RunError: the disk is full; nothing is left there.
        InputError: the folder cannot be written.
    """
    n_rows = 0
    with writing(path) as partial, pq.ParquetWriter(partial, ROWS, compression="zstd") as parquet:
        for batch in in_batches(rows):
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


def in_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yields the rows in lists of ``BATCH``, the last one shorter."""
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


def lineage(row: Row) -> dict[str, JSON]:
    """Returns the columns of ``LINEAGE``."""
    return {field.name: getattr(row, field.name) for field in LINEAGE}


def answer(row: Row) -> dict[str, str]:
    """Returns the completion as a chat message."""
    return {"role": "assistant", "content": row.completion}


def _record(row: Row) -> dict[str, Any]:
    plain = isinstance(row.prompt, str)
    return lineage(row) | {
        "prompt": None if plain else list(row.prompt),
        "prompt_text": row.prompt if plain else None,
        "completion": row.completion,
        "extracted": row.extracted,
        "n_tokens": row.n_tokens,
        "origin": row.origin.value,
    }


def _row(record: dict[str, Any]) -> Row:
    text = record.pop("prompt_text")
    prompt = tuple(record["prompt"]) if text is None else text
    return Row(**(record | {"prompt": prompt, "origin": Origin(record["origin"])}))
