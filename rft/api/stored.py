"""What a run holds, read from its folder: problems as records; samples, verdicts and rows as Arrow tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from rft.errors import InputError
from rft.rounds.inputs.identity import FILE
from rft.store.files import read_json
from rft.store.log import Log
from rft.store.run import Run
from rft.store.stage import SAMPLES, VERDICTS
from rft.types import JSON, Problem

if TYPE_CHECKING:
    import datasets
    import pandas

What = Literal["judged", "samples", "verdicts", "rows"]
KEY = ["problem_id", "index"]


def load_run(path: str | PathLike[str]) -> "StoredRun":
    """Returns what a run holds so far; it may be running, and nothing in it is changed.

    Raises:
        InputError: there is no run at that path.
    """
    folder = Path(path)
    if not (folder / "resolved.json").is_file():
        raise InputError(f"{folder} is not a run: it holds no resolved.json; give a folder under runs")
    return StoredRun(folder)


@dataclass(frozen=True)
class StoredRun:
    """The records of a run on disk. Tables are read whole; their columns are those of the run's Parquet files.

    ``round`` counts from 0; None means all rounds. With ``held_out`` it is the evaluation after that round, and None
    means that of the base model.
    """

    path: Path

    @property
    def config(self) -> dict[str, JSON]:
        """The whole config with which the run was last opened."""
        return read_json(self.path / "resolved.json")

    @property
    def metrics(self) -> dict[str, JSON]:
        """The figures of its rounds and evaluations, as in ``metrics.json``; empty until a run has ended once."""
        return read_json(self.path / "metrics.json")

    @property
    def rounds(self) -> list[int]:
        """The rounds that have samples."""
        folders = sorted(self.path.glob("round-*"))
        return [int(f.name.removeprefix("round-")) for f in folders if (f / "samples").is_dir()]

    def problems(self, held_out: bool | None = None) -> Iterator[Problem]:
        """Yields the problems in their fixed order: to train on (False), held out (True), or first these, then those.

        Memory is flat in their number.
        """
        if not (self.path / "problems.parquet").exists():
            raise InputError(f"{self.path} has no problems yet; run it first: rft run {self.path}")
        stored = Run(self.path)
        for wanted in (False, True) if held_out is None else (held_out,):
            yield from stored.problems(held_out=wanted)

    def samples(self, round: int | None = None, *, held_out: bool = False) -> pa.Table:
        """Returns the samples: problem_id, round, index, text, n_tokens, finish_reason, engine, seed, origin.

        Raises:
            InputError: that round or evaluation has no samples.
        """
        return pa.concat_tables([Log(f / "samples", SAMPLES).table() for f in self._folders(round, held_out)])

    def verdicts(self, round: int | None = None, *, held_out: bool = False, verifier: str | None = None) -> pa.Table:
        """Returns the last verdict of every judged sample, with a column ``round`` in front.

        Args:
            round: which round; see the class.
            held_out: evaluations instead of rounds.
            verifier: an id such as ``math-3-56750c8d``; None takes those with which the run was last opened.

        Raises:
            InputError: that round or evaluation has no samples, or no verdicts of that verifier.
        """
        return pa.concat_tables([self._verdicts(f, verifier) for f in self._folders(round, held_out)])

    def judged(self, round: int | None = None, *, held_out: bool = False) -> pa.Table:
        """Returns the samples, each beside its last verdict; where there is none yet, its columns are null.

        Raises:
            InputError: that round or evaluation has no samples.
        """
        tables = []
        for folder in self._folders(round, held_out):
            samples = Log(folder / "samples", SAMPLES).table()
            verdicts = self._verdicts(folder, None).drop_columns(["round"])
            tables.append(samples.join(verdicts, KEY, join_type="left outer").sort_by([(k, "ascending") for k in KEY]))
        return pa.concat_tables(tables)

    def rows(self, round: int | None = None) -> pa.Table:
        """Returns the rows that selection kept, with their lineage.

        Raises:
            InputError: nothing was selected in that round yet.
        """
        files = [f / "selected.parquet" for f in self._folders(round, held_out=False)]
        files = [file for file in files if file.exists()]
        if not files:
            which = "" if round is None else f" --round {round}"
            raise InputError(
                f"{self.path} has no selected rows there; choose them first: rft select {self.path}{which}"
            )
        return pa.concat_tables(pq.read_table(file) for file in files)

    def to_pandas(
        self, what: What = "judged", round: int | None = None, *, held_out: bool = False
    ) -> "pandas.DataFrame":
        """Returns one of the tables as a data frame; by default every sample beside its verdict.

        Raises:
            InputError: there is no such table.
        """
        return self._table(what, round, held_out).to_pandas()

    def to_dataset(
        self, what: What = "judged", round: int | None = None, *, held_out: bool = False
    ) -> "datasets.Dataset":
        """Returns one of the tables as a ``datasets.Dataset``; by default every sample beside its verdict.

        Raises:
            InputError: there is no such table.
        """
        from datasets import Dataset

        return Dataset(self._table(what, round, held_out))

    def _table(self, what: str, round: int | None, held_out: bool) -> pa.Table:
        if what not in ("judged", "samples", "verdicts", "rows"):
            raise InputError(f"what is {what!r}; allowed: judged, samples, verdicts, rows")
        if what == "rows":
            if held_out:
                raise InputError("held-out problems have no rows: they are never trained on; leave held_out out")
            return self.rows(round)
        return getattr(self, what)(round, held_out=held_out)

    def _folders(self, round: int | None, held_out: bool) -> list[Path]:
        """The folders of samples and verdicts that are meant."""
        if not held_out:
            numbers = self.rounds if round is None else [round]
            folders = [self.path / f"round-{number:03d}" for number in numbers]
        else:
            folders = [self.path / ("baseline" if round is None else f"round-{round:03d}") / "eval"]
        missing = [folder for folder in folders if not (folder / "samples").is_dir()]
        if missing or not folders:
            what = missing[0].relative_to(self.path) if missing else "any round"
            have = ", ".join(map(str, self.rounds)) or "none"
            raise InputError(f"{self.path} has no samples of {what}; rounds that have samples: {have}")
        return folders

    def _verdicts(self, folder: Path, verifier: str | None) -> pa.Table:
        there = sorted(f.name for f in (folder / "verdicts").glob("*") if f.is_dir())
        if verifier is not None and verifier not in there:
            raise InputError(
                f"{folder} has no verdicts of '{verifier}'; verifiers that have: {', '.join(there) or 'none'}"
            )
        current = read_json(self.path / FILE).get("verifiers", there) if verifier is None else [verifier]
        logs = [Log(folder / "verdicts" / name, VERDICTS).table() for name in current]
        table = _last(pa.concat_tables([VERDICTS.empty_table(), *logs]))
        rounds = pa.array([_number(folder)] * len(table), pa.int32())
        return table.add_column(0, pa.field("round", pa.int32()), rounds)


def _last(verdicts: pa.Table) -> pa.Table:
    """The last verdict of each sample: one that was unjudged may have been judged again."""
    numbered = verdicts.append_column("place", pa.array(range(len(verdicts)), pa.int64()))
    places = numbered.group_by(KEY).aggregate([("place", "max")])["place_max"]
    return verdicts.take(places.combine_chunks().sort())


def _number(folder: Path) -> int | None:
    """The round of a folder of samples; None for the evaluation of the base model."""
    for part in reversed(folder.parts):
        if part.startswith("round-"):
            return int(part.removeprefix("round-"))
        if part == "baseline":
            return None
    return None
