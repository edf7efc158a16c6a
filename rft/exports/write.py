"""Selected rows on the left, files that trainers read on the right: each format as JSONL and as Parquet.

Rows pass through a batch at a time, so memory is flat in their number. Schemas are written down, so that a column of
nulls or a first batch without system prompts cannot change a type. Files appear whole or not at all.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from rft.errors import InputError, RunError
from rft.exports.messages import Messages
from rft.exports.prompt_completion import PromptCompletion
from rft.exports.rows import BATCH
from rft.store.files import writing
from rft.store.streams import in_batches, one_ahead
from rft.store.tables import table_of
from rft.types import Format, Row

SUFFIXES = ("jsonl", "parquet")
ENCODE = json.JSONEncoder(ensure_ascii=False).encode
DEFAULT: Mapping[str, Format] = {"prompt_completion": PromptCompletion(), "messages": Messages()}


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export wrote."""

    n_rows: int
    files: tuple[Path, ...]


def export(rows: Iterable[Row], out: Path, formats: Mapping[str, Format] = DEFAULT) -> ExportSummary:
    """Writes the training files of all rows into a folder; without rows the files are there and empty.

    Args:
        rows: read once.
        out: is made; files of an earlier export in it are replaced.
        formats: name of the files -> their form; one that has none for plain text is left out there.

    Raises:
        InputError: some rows are chat and some are plain text; earlier files are left alone.
        RunError: the disk is full, or a format made a line that does not fit its schema.
    """
    rows = iter(rows)
    first = next(rows, None)
    plain = first is not None and isinstance(first.prompt, str)
    schemas = {name: schema for name, form in formats.items() if (schema := form.schema(plain)) is not None}
    n_rows = 0
    with ExitStack() as stack:
        sinks = [stack.enter_context(_sink(out, name, formats[name], schema)) for name, schema in schemas.items()]
        for batch in one_ahead(in_batches(chain([] if first is None else [first], rows), BATCH)):
            _check_kind(batch, plain)
            for sink in sinks:
                sink.write(batch)
            n_rows += len(batch)
    for name in {*DEFAULT, *formats} - schemas.keys():  # of an earlier export; it would no longer belong here
        for suffix in SUFFIXES:
            (out / f"{name}.{suffix}").unlink(missing_ok=True)
    return ExportSummary(n_rows, tuple(out / f"{name}.{suffix}" for name in schemas for suffix in SUFFIXES))


@dataclass(frozen=True, slots=True)
class _Sink:
    """The two files of one format."""

    name: str
    form: Format
    schema: pa.Schema
    lines: IO[str]
    parquet: pq.ParquetWriter

    def write(self, rows: list[Row]) -> None:
        try:
            records = [self.form.record(row) for row in rows]
            table = table_of(records, self.schema)
            self.lines.writelines(ENCODE(record) + "\n" for record in records)
        except (pa.ArrowException, TypeError, ValueError, LookupError, AttributeError) as error:
            raise RunError(
                f"format '{self.name}' cannot write rows from problem {rows[0].problem_id} on: "
                f"{type(error).__name__}: {error}; each record must fit its schema and be JSON"
            ) from error
        self.parquet.write_table(table)


@contextmanager
def _sink(out: Path, name: str, form: Format, schema: pa.Schema) -> Iterator[_Sink]:
    with (
        writing(out / f"{name}.jsonl") as jsonl,
        writing(out / f"{name}.parquet") as table,
        jsonl.open("w", encoding="utf-8") as lines,
        pq.ParquetWriter(table, schema, compression="zstd") as parquet,
    ):
        yield _Sink(name, form, schema, lines, parquet)


def _check_kind(batch: Iterable[Row], plain: bool) -> None:
    for row in batch:
        if isinstance(row.prompt, str) != plain:
            kinds = ("plain text", "chat messages") if plain else ("chat messages", "plain text")
            raise InputError(
                f"the first row's prompt is {kinds[0]}, that of problem {row.problem_id}, round {row.round}, is "
                f"{kinds[1]}; one training set takes one kind: set prompt.style and select again"
            )
