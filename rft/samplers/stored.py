"""Stored completions on disk, found by problem and index, with a few bytes of memory per sample.

Plain JSONL is read where it lies; gzip and Parquet are first written out as JSONL into a temporary file, because
neither can be entered in the middle without holding a large part of it.
"""

import gzip
import hashlib
import json
import shutil
import tempfile
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rft.errors import InputError
from rft.store.jsonl import parse

FIELDS = ("problem_id", "index", "round", "text", "completion", "n_tokens", "finish_reason")
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")
FINISH_REASONS = ("stop", "length")
LARGEST = 2**31 - 1
"""No index and no token count is larger; sums over all samples of a run still fit 64 bits."""


def find_files(path: str) -> list[Path]:
    """Returns the files that a path names: a file, a folder (all that lies in it), or a glob.

    Raises:
        InputError: there is none, or a file is of another kind.
    """
    folder = Path(path)
    if folder.is_dir():
        found = sorted(file for file in folder.rglob("[!.]*") if file.name.endswith(SUFFIXES))
    else:
        found = [folder] if folder.is_file() else sorted(map(Path, glob(path, recursive=True)))  # noqa: PTH207 (an absolute pattern)
    if not found:
        raise InputError(
            f"sampler.path {path} names no file; give a {', '.join(SUFFIXES)} file, a folder of such, or a glob"
        )
    for file in found:
        if not file.name.endswith(SUFFIXES):
            raise InputError(f"sampler.path: {file} is of an unknown kind; known: {', '.join(SUFFIXES)}")
    return found


@dataclass(frozen=True, slots=True)
class _Table:
    """One row per sample, sorted by problem, then index: all arrays are (n_samples,)."""

    problem: np.ndarray[Any, np.dtype[np.uint64]]
    """A hash; two problems that share one are told apart by the row itself."""
    index: np.ndarray[Any, np.dtype[np.int64]]
    file: np.ndarray[Any, np.dtype[np.int32]]
    offset: np.ndarray[Any, np.dtype[np.int64]]


class Stored:
    """All completions of some files.

    Args:
        path: a file, a folder or a glob.
        round: only rows of this round; None takes all.

    Raises:
        InputError: a file is missing or malformed (file and line are named), or holds a sample twice.
    """

    def __init__(self, path: str, round: int | None) -> None:
        self._path, self._round = path, round
        self._names = find_files(path)
        with ExitStack() as opened:
            self._folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="rft-replay-")))
            self._files: list[BinaryIO] = []
            for name in self._names:
                self._files.append(opened.enter_context(self._plain(name).open("rb")))
            self._table = self._read_table()
            self._open = opened.pop_all()

    def close(self) -> None:
        """Closes the files and removes the temporary ones. Safe to call twice."""
        self._open.close()

    def get(self, problem_id: str, index: int) -> dict[str, Any]:
        """Returns a stored row.

        Raises:
            InputError: there is no such row.
        """
        table, key = self._table, _hash(problem_id)
        problems = table.problem.data  # bisect keeps the interpreter where searchsorted gives it to another thread
        start = bisect_left(problems, key)
        end = bisect_right(problems, key, start)
        for place in range(start, end):
            if table.index[place] == index:
                row = self._read(place)
                if str(row["problem_id"]) == problem_id:
                    return row
        held = [str(i) for i in sorted({int(i) for i in table.index[start:end]})]
        what = (
            f"it holds {_some(held)} of that problem" if held else f"it holds nothing of that problem{self._examples()}"
        )
        raise InputError(
            f"{self._path} holds no completion of problem {problem_id}, index {index}; {what}; "
            "lower sampling.n, list the problem in task.exclude, or give a file that has it"
        )

    def _plain(self, name: Path) -> Path:
        if name.suffix == ".jsonl":
            return name
        plain = self._folder / f"{len(self._files)}.jsonl"
        if name.suffix == ".parquet":
            _unpack_parquet(name, plain)
        else:
            _unpack_gzip(name, plain)
        return plain

    def _read_table(self) -> _Table:
        problems, indices, files, offsets = array("Q"), array("q"), array("i"), array("q")
        for number, (name, file) in enumerate(zip(self._names, self._files, strict=True)):
            for offset, row in _rows(name, file):
                if self._round is not None and row.get("round") != self._round:
                    continue
                problems.append(_hash(str(row["problem_id"])))
                indices.append(row.get("index", -1))
                files.append(number)
                offsets.append(offset)
        return self._sorted(_Table(*(np.asarray(column) for column in (problems, indices, files, offsets))))

    def _sorted(self, table: _Table) -> _Table:
        unnumbered = table.index < 0
        if unnumbered.any() and not unnumbered.all():
            raise InputError(f"{self._path}: some rows have an index and some have not; give all rows one, or none")
        if unnumbered.all():
            order = np.argsort(table.problem, kind="stable")
            problem = table.problem[order]
            index = np.arange(len(problem)) - np.searchsorted(problem, problem)
        else:
            order = np.lexsort((table.index, table.problem))
            problem, index = table.problem[order], table.index[order]
        table = _Table(problem, index, table.file[order], table.offset[order])
        self._refuse_twins(table)
        return table

    def _refuse_twins(self, table: _Table) -> None:
        same = (table.problem[1:] == table.problem[:-1]) & (table.index[1:] == table.index[:-1])
        for place in np.flatnonzero(same):
            first, second = self._read(place, table), self._read(place + 1, table)
            if str(first["problem_id"]) == str(second["problem_id"]):
                raise InputError(
                    f"{self._path} holds problem {first['problem_id']}, index {first['index']} twice; remove one, or"
                    "  choose one round with sampler.round"
                )

    def _read(self, place: int, table: _Table | None = None) -> dict[str, Any]:
        table = table or self._table
        file = self._files[table.file[place]]
        file.seek(table.offset[place])
        return _load(file.readline())

    def _examples(self) -> str:
        if not len(self._table.problem):
            return ", nor of any other"
        first = [int(i) for i in np.unique(self._table.problem, return_index=True)[1][:3]]
        return f", but of {', '.join(str(self._read(place)['problem_id']) for place in first)} and others"


def _rows(name: Path, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (offset, row) for every line, checked."""
    offset = 0
    unit = "row" if name.suffix == ".parquet" else "line"
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield offset, _checked(line, f"{name}, {unit} {number}")
        offset += len(line)


def _checked(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = _load(line)
    except ValueError as error:
        raise InputError(f"{where} is not a line that holds a JSON object: {error}") from error
    if not isinstance(row.get("problem_id"), str | int):
        raise InputError(f"{where} has no problem_id; each row needs problem_id and text (or completion)")
    if not isinstance(row.get("text", row.get("completion")), str):
        raise InputError(f"{where} has no text; each row needs problem_id and text (or completion)")
    for name in ("index", "n_tokens"):
        value = row.get(name, 0)
        if type(value) is not int or not 0 <= value <= LARGEST:  # a bool is an int too
            raise InputError(
                f"{where}: {name} is {value!r:.80}; a whole number from 0 to {LARGEST} is wanted, or leave it out"
            )
    if row.get("finish_reason", "stop") not in FINISH_REASONS:
        raise InputError(f"{where}: finish_reason is {row['finish_reason']!r:.80}; known: {', '.join(FINISH_REASONS)}")
    return row


def _load(line: bytes) -> dict[str, Any]:
    """Returns a row without the fields that are null."""
    return {name: value for name, value in parse(line, nan=True, surrogates=True).items() if value is not None}


def _unpack_gzip(source: Path, target: Path) -> None:
    with gzip.open(source) as packed, target.open("wb") as plain:
        try:
            shutil.copyfileobj(packed, plain)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"{source} is not a whole gzip file: {error}") from error
        except OSError as error:
            raise InputError(f"{source} cannot be unpacked into {target.parent}: {error.strerror}") from error


def _unpack_parquet(source: Path, target: Path) -> None:
    """Writes the columns that are used as JSON lines, holding a batch of rows, however large the row groups are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source, buffer_size=1 << 20) as table, target.open("w", encoding="utf-8") as plain:
            columns = [name for name in table.schema_arrow.names if name in FIELDS]
            for batch in table.iter_batches(batch_size=512, columns=columns):
                for row in batch.to_pylist():
                    plain.write(json.dumps(row, default=_named) + "\n")
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # Arrow's own, for damaged pages, have none
            raise InputError(f"{source} cannot be unpacked into {target.parent}: {error.strerror}") from error
        raise InputError(f"{source} is not a Parquet file that can be read: {' '.join(str(error).split())}") from error


def _named(value: object) -> dict[str, str]:
    """Stands for a value that JSON does not know, so that the check of its row shows what it is."""
    return {"type": type(value).__name__}


def _hash(problem_id: str) -> int:
    # One bit is left free, so that the hash plus one is still a 64-bit number.
    return int.from_bytes(hashlib.blake2b(problem_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1


def _some(names: list[str]) -> str:
    return f"{'index' if len(names) == 1 else 'indices'} {', '.join(names[:3])}" + (
        f" … {names[-1]}" if names[3:] else ""
    )
