"""Questions to the logs of an E-step, by DuckDB: a bounded number of rows at a time, whatever the number of samples.

For the join of samples and verdicts, problems are taken a few at a time, and a query reads only the Parquet shards that
hold any of them. Samples are stored in about the order of the problems, so that each shard is read about once.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from rft.errors import InputError, RunError, short
from rft.store.log import Log
from rft.store.streams import in_batches
from rft.types import Problem

MEMORY = "512MB"
"""What DuckDB may hold; what does not fit goes to a temporary folder."""
THREADS = 1
PIECE_ROWS = 16_384
PIECE_BYTES = 32 << 20
"""What a query returns at most, in samples and in bytes of their records, unless one problem alone has more."""
LOOK_AHEAD = 2048
"""Problems whose number of samples is asked for at a time."""
READ_SHARDS = (
    "read_parquet(?, union_by_name = true, filename = true, file_row_number = true, hive_partitioning = false)"
)
SLICE_SHARDS = 4
"""Shards that are aggregated at a time."""
FETCH_ROWS = 2048
WORD_BITS = 62
"""Indices in one word of a mask: what a whole number of DuckDB holds."""
_WORD, _MASK = f"index // {WORD_BITS}", f"bit_or(1::BIGINT << (index % {WORD_BITS}))"
PLACE = "place"
"""Column: of two verdicts on a sample, the one with the greater number counts."""
Row = tuple[Any, ...]


def masks(log: Log) -> Iterator[tuple[str, int]]:
    """Yields problem id -> bit mask of the ``index`` column; a problem may come several times, with further bits."""
    with _database() as db:
        for source, given in _slices(db, [log]):
            query = f"SELECT problem_id, {_WORD}, {_MASK} FROM {source} GROUP BY ALL"
            for problem_id, word, bits in _fetched(db, query, given):
                yield problem_id, bits << WORD_BITS * word


def last_outcomes(logs: Sequence[Log]) -> Iterator[tuple[str, str, int]]:
    """Yields problem id, outcome, and a bit mask of the samples whose verdict it is.

    What comes later stands above what came earlier: a later log's verdict on a sample above an earlier one's, a later
    record of a log above an earlier one.
    """
    with _database() as db:
        for source, given in _slices(db, logs):
            last = f"SELECT problem_id, index, arg_max(outcome, place) AS outcome FROM {source} GROUP BY ALL"
            query = f"SELECT problem_id, outcome, {_WORD}, {_MASK} FROM ({last}) GROUP BY ALL"
            for problem_id, outcome, word, bits in _fetched(db, query, given):
                yield problem_id, outcome, bits << WORD_BITS * word


@contextmanager
def opened(samples: Log, verdicts: Sequence[Log], verdict_schema: pa.Schema) -> Iterator["Join"]:
    """Gives a join over what the logs hold now; what is appended later is not in it."""
    with _database() as db:
        yield Join(
            db, _source(db, "samples", [samples], samples.schema), _source(db, "verdicts", verdicts, verdict_schema)
        )


@dataclass(frozen=True, slots=True)
class Join:
    """Samples joined with verdicts, for a few problems at a time."""

    db: duckdb.DuckDBPyConnection
    samples: "_Source"
    verdicts: "_Source"

    def pieces(
        self, problems: Iterable[Problem], of_sample: Sequence[str], of_verdict: Sequence[str], outcome: str | None
    ) -> Iterator[tuple[list[Problem], list[Row]]]:
        """Yields all problems in their order, a few at a time, with their ``rows``."""
        most = max(1, min(PIECE_ROWS, PIECE_BYTES // max(1, self.samples.row_bytes)))
        for batch in in_batches(problems, LOOK_AHEAD):
            for some in _parted(batch, self._n_rows([problem.id for problem in batch]), most):
                yield some, self.rows([problem.id for problem in some], of_sample, of_verdict, outcome)

    def rows(
        self, ids: Sequence[str], of_sample: Sequence[str], of_verdict: Sequence[str], outcome: str | None
    ) -> list[Row]:
        """Returns the samples of problems: number of the problem in ``ids``, then the columns asked for.

        Args:
            ids: of the problems, each once.
            of_sample: columns of a sample, among them ``index``.
            of_verdict: columns of its last verdict; all None where there is none.
            outcome: only the samples whose last verdict has this outcome; None: all.

        Returns:
            tuples, ordered by problem and index.
        """
        self._ask_for(ids)
        taken = ", ".join(f"s.{column}" for column in of_sample)
        ruled = ", ".join(f"last.{column}" for column in of_verdict)
        samples, sample_files = self.samples.records(of_sample)
        verdicts, verdict_files = self.verdicts.records(of_verdict)
        query = f"""
            WITH s AS (SELECT ordinal, r.* FROM ({samples}) r JOIN asked USING (problem_id)),
            v AS (SELECT ordinal, r.* FROM ({verdicts}) r JOIN asked USING (problem_id)),
            last AS (
                FROM v SEMI JOIN (SELECT max(place) AS place FROM v GROUP BY ordinal, index) USING (place)
                {"WHERE outcome = ?" if outcome else ""}
            )
            SELECT s.ordinal, {taken}, {ruled} FROM s {"" if outcome else "LEFT"} JOIN last USING (ordinal, index)
            ORDER BY s.ordinal, s.index
        """
        given = [*sample_files, *verdict_files, *([outcome] if outcome else [])]
        return self.db.execute(query, given).fetchall()

    def _n_rows(self, ids: Sequence[str]) -> list[int]:
        self._ask_for(ids)
        query = "SELECT coalesce(sum(n), 0) FROM asked LEFT JOIN samples_holds USING (problem_id) "
        return [int(n) for (n,) in self.db.execute(query + "GROUP BY ordinal ORDER BY ordinal").fetchall()]

    def _ask_for(self, ids: Sequence[str]) -> None:
        self.db.register("asked", pa.table({"problem_id": pa.array(ids, pa.string()), "ordinal": range(len(ids))}))


def _parted(problems: Sequence[Problem], n_rows: Sequence[int], most: int) -> Iterator[list[Problem]]:
    """Yields the problems in lists that have at most ``most`` rows together, unless one alone has more."""
    piece, held = list[Problem](), 0
    for problem, n in zip(problems, n_rows, strict=True):
        if piece and held + n > most:
            yield piece
            piece, held = [], 0
        piece.append(problem)
        held += n
    yield piece


@dataclass(frozen=True, slots=True)
class _Source:
    """The records of logs as three tables of the database: what the journals held, the shards, and who is in which."""

    db: duckdb.DuckDBPyConnection
    name: str
    row_bytes: int
    """Bytes of a record, on the average."""

    def records(self, columns: Sequence[str]) -> tuple[str, list[list[str]]]:
        """Returns SQL for the records of the problems asked for, with their ``place``, and its parameters."""
        wanted = ", ".join(dict.fromkeys(["problem_id", "index", *columns]))
        tail = f"SELECT {wanted}, place FROM {self.name}_tail SEMI JOIN asked USING (problem_id)"
        holding = f"SELECT DISTINCT first FROM {self.name}_holds SEMI JOIN asked USING (problem_id)"
        shards = self.db.execute(f"SELECT file FROM {self.name}_shards JOIN ({holding}) USING (first)").fetchall()
        if not shards:
            return tail, []
        # by name: shards of earlier versions lack columns, which are null there
        stored = (
            f"SELECT {wanted}, first + file_row_number AS place "
            f"FROM (FROM (FROM {self.name}_tail LIMIT 0) UNION ALL BY NAME FROM {READ_SHARDS}) "
            f"JOIN {self.name}_shards ON filename = file SEMI JOIN asked USING (problem_id)"
        )
        return f"{tail} UNION ALL BY NAME {stored}", [[escape(file) for (file,) in shards]]


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory; what does not fit there lies in a folder that is gone afterwards.

    Raises:
        InputError: a shard is damaged; the message names it.
        RunError: there is no room for what does not fit into memory.
    """
    with tempfile.TemporaryDirectory(prefix="rft-join-") as overflow:
        settings: dict[str, Any] = {
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": overflow,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        try:
            with duckdb.connect(":memory:", config=settings) as db:
                yield db
        except duckdb.OutOfMemoryException as error:
            raise RunError(f"no room in {tempfile.gettempdir()} to join samples and verdicts; free some") from error
        except (duckdb.Error, pa.ArrowException) as error:
            fault = short(str(error).partition("\n")[0], 300)
            raise InputError(f"stored samples or verdicts cannot be read: {fault}; restore the file") from error


def _slices(db: duckdb.DuckDBPyConnection, logs: Sequence[Log]) -> Iterator[tuple[str, list[list[str]]]]:
    """Yields SQL for a bounded number of records with their ``place``, and its parameters; oldest records first."""
    for log in logs:
        shards, tail = log.snapshot()
        for some in _some_at_a_time(shards):
            yield f"(SELECT *, (filename, file_row_number) AS place FROM {READ_SHARDS})", [some]
        db.register("tail", tail.append_column(PLACE, pa.array(range(len(tail)), pa.int64())))
        yield "tail", []


def _fetched(db: duckdb.DuckDBPyConnection, query: str, given: Sequence[Any]) -> Iterator[Row]:
    result = db.execute(query, given)
    while rows := result.fetchmany(FETCH_ROWS):
        yield from rows


def _source(db: duckdb.DuckDBPyConnection, name: str, logs: Sequence[Log], schema: pa.Schema) -> _Source:
    shards: dict[str, int] = {}
    tails = [schema.empty_table().append_column(PLACE, pa.array([], pa.int64()))]
    for number, log in enumerate(logs):
        files, tail = log.snapshot()
        first = number << 52  # a later log stands above an earlier one, a later record above an earlier one
        shards |= {str(file.absolute()): first + (n << 32) for n, file in enumerate(files)}
        first += len(files) << 32
        tails.append(tail.append_column(PLACE, pa.array(range(first, first + len(tail)), pa.int64())))
    tail = pa.concat_tables(tails)
    _keep(db, f"{name}_tail", tail)
    _keep(db, f"{name}_shards", pa.table({"file": pa.array(shards, pa.string()), "first": list(shards.values())}))
    in_tail = f"SELECT problem_id, NULL::BIGINT AS first, count(*) AS n FROM {name}_tail GROUP BY ALL"
    db.execute(f"CREATE TABLE {name}_holds AS {in_tail}")
    for some in _some_at_a_time(shards):
        query = f"FROM {READ_SHARDS} JOIN {name}_shards ON filename = file GROUP BY ALL"
        db.execute(f"INSERT INTO {name}_holds SELECT problem_id, first, count(*) {query}", [some])
    sizes = [_size(file) for file in shards]
    n_rows, n_bytes = (sum(column) for column in zip((len(tail), tail.nbytes), *sizes, strict=True))
    return _Source(db, name, n_bytes // max(1, n_rows))


def _some_at_a_time(shards: Iterable[str | Path]) -> Iterator[list[str]]:
    """Yields the names of shards, as DuckDB reads them, so many at a time as may be aggregated in memory."""
    return in_batches((escape(str(shard)) for shard in shards), SLICE_SHARDS)


def _keep(db: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    db.register("given", table)
    db.execute(f"CREATE TABLE {name} AS FROM given")
    db.unregister("given")


def _size(shard: str) -> tuple[int, int]:
    """Rows of a shard, and their bytes when they are not compressed."""
    metadata = pq.read_metadata(shard)
    return metadata.num_rows, sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
