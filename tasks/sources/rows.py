"""Reads rows out of JSONL and Parquet files, one at a time, each with the place it stands in for messages.

Nothing is held in memory but the row (JSONL) or a batch of 256 rows (Parquet) at hand. What cannot be read becomes one
``InputError`` that names the file and the line.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from rft.errors import InputError
from rft.types import JSON

GZIP_MAGIC = b"\x1f\x8b"
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
    for number, line in _lines(path):
        if line.strip():
            where = f"{path}, line {number}"
            yield Located(where, number, _parse(line, where))


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


def require_file(path: Path) -> None:
    """Raises the error for a path that is not a file.

    Raises:
        InputError: the path is missing, or a folder.
    """
    if not path.is_file():
        seen = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"data file {path} {seen}; check the path (it is taken from the folder you are in)")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    require_file(path)
    number = 0
    try:
        with _open(path) as stream:
            for line in cast(Iterable[bytes], stream):
                number += 1
                yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read after line {number}: {error}; is the copy complete?") from error


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _parse(line: bytes, where: str) -> dict[str, JSON]:
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
        if b"\\u" in line:
            json.dumps(row, ensure_ascii=False).encode()  # half of a surrogate pair can be written so, but not stored
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except UnicodeEncodeError as error:
        raise InputError(
            f"{where}: holds half of a surrogate pair (\\ud800 to \\udfff), which is no character"
        ) from error
    except RecursionError as error:
        raise InputError(f"{where}: nested too deeply to be read") from error
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {error}; every line must hold one object") from error
    if not isinstance(row, dict):
        raise InputError(f'{where}: holds {type(row).__name__}; an object such as {{"prompt": …}} is wanted')
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


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
