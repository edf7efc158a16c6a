"""``selected.parquet``: the selected rows of a round with their lineage, written and read a batch at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rft.errors import InputError
from rft.store.files import writing
from rft.store.streams import in_batches, one_ahead
from rft.store.tables import table_of
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
        for batch in one_ahead(in_batches(rows, BATCH)):
            parquet.write_table(table_of([_record(row) for row in batch], ROWS))
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
            columns = {name: batch.column(name) for name in ROWS.names}
            yield from map(_row, *(_prompts(c) if name == "prompt" else c.to_pylist() for name, c in columns.items()))


def lineage(row: Row) -> dict[str, JSON]:
    """Returns the columns of ``LINEAGE``."""
    return {
        "problem_id": row.problem_id,
        "round": row.round,
        "index": row.index,
        "task": row.task,
        "engine": row.engine,
        "verifier": row.verifier,
    }


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


def _prompts(column: pa.ListArray) -> Iterator[list[dict[str, str]] | None]:
    """The chat prompts of a batch; in a fraction of the time that ``to_pylist`` takes for messages."""
    messages = column.flatten()
    roles, contents = (messages.field(name).to_pylist() for name in ("role", "content"))
    each = ({"role": role, "content": content} for role, content in zip(roles, contents, strict=True))
    for n_messages in pc.list_value_length(column).to_pylist():
        yield None if n_messages is None else list(islice(each, n_messages))


def _row(
    problem_id: str,
    round_: int,
    index: int,
    task: str,
    engine: str,
    verifier: str,
    prompt: list[Any] | None,
    prompt_text: str | None,
    completion: str,
    extracted: str | None,
    n_tokens: int,
    origin: str,
) -> Row:
    """A row from the values of ``ROWS``, in their order."""
    asked = tuple(prompt or ()) if prompt_text is None else prompt_text
    return Row(
        problem_id,
        round_,
        index,
        asked,
        completion,
        task,
        engine,
        verifier,
        extracted=extracted,
        n_tokens=n_tokens,
        origin=Origin(origin),
    )
