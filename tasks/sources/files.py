"""Any user's own problems, out of JSONL or Parquet files, with a column mapping."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rft.errors import InputError
from rft.store.jsonl import require_file
from rft.tasks.sources.columns import Mapped
from rft.tasks.sources.rows import jsonl_rows, parquet_rows
from rft.types import Problem

SINGLE_SPLIT = "train"


def paths_by_split(path: str | dict[str, str]) -> dict[str, str]:
    """Returns split -> file; one file on its own is the split ``train``."""
    return {SINGLE_SPLIT: path} if isinstance(path, str) else dict(path)


def path_of(path: str | dict[str, str], split: str) -> Path:
    """Returns the file of a split.

    Raises:
        InputError: no file is given for that split, or it does not exist.
    """
    paths = paths_by_split(path)
    if split not in paths:
        known = ", ".join(sorted(paths)) or "none"
        raise InputError(
            f"no file is given for split '{split}'; known: {known}; "
            f"several are given as path: {{train: a.jsonl, {split if split != SINGLE_SPLIT else 'test'}: b.jsonl}}"
        )
    found = Path(paths[split]).expanduser()
    require_file(found)
    return found


@dataclass(frozen=True, kw_only=True)
class _InFiles(Mapped):
    """What every task of the user's own files shares."""

    path: str | dict[str, str]
    """One file (split train), or one per split: {train: FILE, test: FILE}."""

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that a file is given for."""
        return tuple(paths_by_split(self.path))


@dataclass(frozen=True, kw_only=True)
class Jsonl(_InFiles):
    """Your own problems from a JSONL file, plain or gzipped: one object per line.

    The smallest line is ``{"prompt": "What is 2 + 2?", "reference": "4"}``.
    """

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the file's problems in its order.

        Raises:
            InputError: the split or file is unknown, or a line is malformed (file and line are named).
        """
        return self.to_problems(jsonl_rows(path_of(self.path, split)), "jsonl", split)


@dataclass(frozen=True, kw_only=True)
class Parquet(_InFiles):
    """Your own problems from a Parquet file, one per row."""

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the file's problems in its order.

        Raises:
            InputError: the split or file is unknown, or a row is malformed (file and row are named).
        """
        return self.to_problems(parquet_rows(path_of(self.path, split), self.columns), "parquet", split)
