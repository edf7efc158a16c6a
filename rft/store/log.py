"""An append-only log of records that survives ``kill -9`` at any moment: a live journal and sealed Parquet shards.

    samples/part-00000.parquet  samples/part-00001.parquet  samples.journal-00002.jsonl

The journal lies beside the folder, so that a reader of the folder as Parquet sees shards only, also during a run.
A record is in the operating system's hands when ``append`` returns and on the disk within a second. When the journal
is full it becomes the Parquet shard of the same number by an atomic rename, so a reader never sees half a shard, and a
journal whose shard exists is known to be finished. A line cut short by a crash is cut off when the log is opened.
One process writes; any number may read at any time.
"""

import json
import os
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import suppress
from glob import escape
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from rft.errors import InputError
from rft.store.files import disk_error, writing
from rft.store.tables import table_of

Record = dict[str, Any]
SYNC_S = 0.5
SEAL_S = 60.0
"""A record is in a Parquet shard, for any reader to see, after so long at the latest."""
ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Log:
    """Records of one kind, in the order in which they were appended. Thread-safe."""

    def __init__(self, folder: Path, schema: pa.Schema, shard_rows: int = 8192, shard_bytes: int = 32 << 20) -> None:
        self.folder, self.schema = folder, schema
        self._shard_rows, self._shard_bytes = shard_rows, shard_bytes
        self._lock = threading.RLock()
        self._journal: int | None = None  # file descriptor
        self._number = self._rows = self._bytes = 0
        self._begun = 0.0
        self._dirty = False
        self._closed = threading.Event()
        self._syncer: threading.Thread | None = None

    def append(self, *records: Record) -> None:
        """Adds records, all of them at once.

        Raises:
            InputError: the disk is full; what was appended before is whole.
        """
        # "replace": a lone surrogate has no place in UTF-8, hence none in Parquet
        lines = "".join(f"{ENCODE(record)}\n" for record in records).encode("utf-8", "replace")
        with self._lock:
            journal = self._open()
            try:
                _write_all(journal, lines)
            except OSError as error:
                os.ftruncate(journal, self._bytes)
                raise disk_error(error, self.folder) from error
            self._bytes += len(lines)
            self._rows += len(records)
            self._dirty = True
            if self._rows >= self._shard_rows or self._bytes >= self._shard_bytes:
                self.seal()

    def seal(self) -> None:
        """Turns the journal into a Parquet shard."""
        with self._lock:
            journal = self._open()
            if self._rows:
                shard = self._shard_path(self._number)
                table = _table(self._journal_path(self._number), self.schema)
                with writing(shard) as partial:
                    pq.write_table(table, partial, compression="zstd")
            os.close(journal)
            self._journal = None
            self._journal_path(self._number).unlink()
            self._rows = self._bytes = 0
            self._dirty = False

    def close(self, seal: bool = False) -> None:
        """Syncs everything to disk and closes the files. Safe to call twice."""
        with self._lock:
            if seal and (self._rows or self._journals()):
                self.seal()
            self._closed.set()
            if self._journal is not None:
                os.fsync(self._journal)
                os.close(self._journal)
                self._journal = None
        if self._syncer is not None:
            self._syncer.join()

    def snapshot(self) -> tuple[list[Path], pa.Table]:
        """Returns the shards that there are, oldest first, and the records that follow them, from the journal."""
        with self._lock:
            while True:
                shards, tail = self._shards(), self._tail()
                if shards == self._shards():  # else another process has made a shard of the journal meanwhile
                    return shards, tail

    def state(self) -> Hashable:
        """Returns a value that changes whenever a record is appended."""
        with self._lock:
            journal = self._live_journal()
            return self.folder, tuple(self._shards()), journal, journal.stat().st_size if journal else 0

    def table(self) -> pa.Table:
        """Returns all records, oldest first, with the log's schema; all of them are held in memory."""
        shards, tail = self.snapshot()
        tables = [*map(pq.read_table, shards), tail]
        # a column that earlier versions did not write is null there
        return pa.concat_tables(tables, promote_options="default").select(self.schema.names).cast(self.schema)

    def _tail(self) -> pa.Table:
        """The records in the journal."""
        live = self._live_journal()
        return table_of(list(read_journal(live)) if live else [], self.schema)

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.parquet"))

    def _journals(self) -> list[Path]:
        """The journals beside the folder, and those that an earlier version left inside."""
        beside = self.folder.parent.glob(f"{escape(self.folder.name)}.journal-*.jsonl")
        return sorted([*beside, *self.folder.glob("journal-*.jsonl")], key=_number)

    def _live_journal(self) -> Path | None:
        """The journal that is written; one whose shard exists is left from a crash and does not count."""
        return next((path for path in self._journals() if not self._shard_path(_number(path)).exists()), None)

    def _next_number(self) -> int:
        """Above every shard's, also where one in between is missing: no shard is ever replaced."""
        return 1 + max(map(_number, self._shards()), default=-1)

    def _shard_path(self, number: int) -> Path:
        return self.folder / f"part-{number:05d}.parquet"

    def _journal_path(self, number: int) -> Path:
        return self.folder.with_name(f"{self.folder.name}.journal-{number:05d}.jsonl")

    def _open(self) -> int:
        """Opens the live journal for appending, repairing what a crash left."""
        if self._journal is not None:
            return self._journal
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for stale in self.folder.glob(".*.tmp"):
                stale.unlink()
            live = self._live_journal()
            for journal in self._journals():
                if journal != live:
                    journal.unlink()
            self._number = self._next_number() if live is None else _number(live)
            path = self._journal_path(self._number)
            if live is not None and live != path:
                live.rename(path)
            self._journal = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise disk_error(error, self.folder) from error
        self._begun = time.monotonic()
        self._rows = sum(1 for _ in read_journal(path))
        self._bytes = _whole_lines(path)
        os.ftruncate(self._journal, self._bytes)
        if self._syncer is None:
            self._syncer = threading.Thread(target=self._sync_often, name=f"sync {self.folder}", daemon=True)
            self._syncer.start()
        return self._journal

    def _sync_often(self) -> None:
        while not self._closed.wait(SYNC_S):
            with self._lock:
                if self._dirty and self._journal is not None:
                    os.fsync(self._journal)
                    self._dirty = False
                if self._rows and time.monotonic() - self._begun > SEAL_S:
                    with suppress(InputError):  # no space: the journal has it all, and the next append says so
                        self.seal()


def is_begun(folder: Path) -> bool:
    """Whether a log in this folder holds, or may hold, a record."""
    return folder.is_dir() and any(chain(folder.iterdir(), folder.parent.glob(f"{escape(folder.name)}.journal-*")))


def read_journal(path: Path) -> Iterator[Record]:
    """Yields the whole lines of a journal; an incomplete last line is skipped.

    Raises:
        InputError: a line before the last is not JSON, which a crash never leaves.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield json.loads(line)
            except ValueError as error:
                raise InputError(
                    f"{path}, line {number} is damaged: {error}; restore the file or delete the line"
                ) from error


def _table(path: Path, schema: pa.Schema) -> pa.Table:
    """The records of a journal whose lines are all whole. Arrow's reader takes a tenth of the time of ``json``'s."""
    whole = pj.ReadOptions(use_threads=False, block_size=path.stat().st_size + 1)
    known = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        return pj.read_json(path, read_options=whole, parse_options=known).select(schema.names).cast(schema)
    except pa.ArrowException:  # line by line, so that the damaged one is named
        return table_of(list(read_journal(path)), schema)


def _number(path: Path) -> int:
    """The number in the name of a shard or a journal."""
    return int(path.stem.rpartition("-")[2])


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _whole_lines(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    size = 0
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                size += len(line)
    return size
