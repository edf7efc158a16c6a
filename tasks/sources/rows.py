"""Reads rows out of JSONL and Parquet files, one at a time, each with the place it stands in for messages.

Nothing is held in memory but the row (JSONL) or a batch of 256 rows (Parquet) at hand. What cannot be read becomes one
``InputError`` that names the file and the line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rft.errors import InputError
from rft.store.jsonl import lines, parse, require_file
from rft.types import JSON

BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Located:
    """A row and where it stands."""

    where: str
    """For messages: ``train.jsonl, line 17``."""
    number: int
    """The line of a JSONL file (from 1, empty lines counted), else the row (from 1)."""
    row: dict[str, JSON]


def file_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[Located]:
    """Yields the rows of a file: Parquet when its name ends so, else JSONL.

    Raises:
        InputError: the file or one of its lines cannot be read.
    """
    return parquet_rows(path, columns) if path.suffix == ".parquet" else jsonl_rows(path)


def jsonl_rows(path: Path) -> Iterator[Located]:
    """Yields the objects of a JSONL file, plain or gzipped (told by its first bytes). Empty lines are passed over.

    Raises:
        InputError: the file is missing or torn, or a line is not a JSON object in UTF-8.
    """
    for number, line in lines(path):
        where = f"{path}, line {number}"
        try:
            yield Located(where, number, parse(line))
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error


def parquet_rows(path: Path, columns: Sequence[str] | None = None) -> Iterator[Located]:
    """Yields the rows of a Parquet file, a batch in memory at a time.

    Args:
        path: the file.
        columns: read only these; one that the file lacks is left for the caller to miss.

    Raises:
        InputError: the file is missing, torn or not Parquet.
    """
    require_file(path)
    number = 0
    for batch in _batches(path, columns):
        for row in batch:
            number += 1
            yield Located(f"{path}, row {number}", number, row)


def _batches(path: Path, columns: Sequence[str] | None) -> Iterator[list[dict[str, JSON]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            there = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=there):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as Parquet: {reason}; is the copy complete?") from error
