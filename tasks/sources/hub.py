"""Problems from a dataset on the hub, or from a local folder that ``datasets`` can load, with a column mapping."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.errors import InputError
from rft.tasks.sources.columns import Mapped
from rft.tasks.sources.rows import Located, file_rows
from rft.types import Problem

NEXT_STEP = (
    "check the name, the network and, for a gated dataset, your login; offline, use a copy fetched elsewhere: "
    "its files as a local path, or its folder as the dataset"
)


@dataclass(frozen=True, kw_only=True)
class Hub(Mapped):
    """Your own problems from a dataset on the hub, or from a local folder that `datasets` can load."""

    dataset: str
    """Hub id (owner/name) or a local folder."""
    name: str | None = None
    """Configuration of the dataset, where it has several."""
    revision: str | None = None
    """Commit, tag or branch; a commit makes runs repeat."""

    @property
    def splits(self) -> None:
        """None: they are not known before the hub is asked."""
        return

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in the dataset's order.

        Raises:
            InputError: the dataset, split or a column is missing, the hub cannot be reached, or a row is malformed.
        """
        return self.to_problems(hub_rows(self.dataset, split, self.name, self.revision), "hf", split)


def hub_rows(dataset: str, split: str, name: str | None = None, revision: str | None = None) -> Iterator[Located]:
    """Yields the rows of a dataset's split, one in memory at a time (the rest lies in the cache of ``datasets``).

    Raises:
        InputError: it cannot be loaded; says why, and what to do.
    """
    label = " ".join([dataset, *([f"({name})"] if name else []), f"split '{split}'"])
    for number, row in enumerate(_load(dataset, split, name, revision, label), 1):
        yield Located(f"dataset {label}, row {number}", number, row)


def hub_file_rows(dataset: str, name: str, revision: str | None = None) -> Iterator[Located]:
    """Yields the rows of one file of a dataset's repository, for those that ``datasets`` could load by a script only.

    Raises:
        InputError: it cannot be fetched or read; says why, and what to do.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    label = f"{dataset}, file '{name}'"
    try:
        with _silence():
            path = hf_hub_download(dataset, name, repo_type="dataset", revision=revision)
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        raise InputError(f"dataset {label} could not be loaded: {' '.join(str(error).split())}; {NEXT_STEP}") from error
    for located in file_rows(Path(path)):
        yield Located(f"dataset {label}, row {located.number}", located.number, located.row)


def _load(dataset: str, split: str, name: str | None, revision: str | None, label: str) -> Any:
    import datasets
    from datasets.exceptions import DatasetsError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        with _silence():
            return datasets.load_dataset(dataset, name, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, DatasetsError, HfHubHTTPError) as error:
        # the cause behind "An error occurred while generating the dataset" is what helps
        reason = " ".join(str(error.__cause__ or error).split())
        raise InputError(f"dataset {label} could not be loaded: {reason}; {NEXT_STEP}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps progress bars and log lines of the two libraries off the terminal, and puts the settings back."""
    import datasets
    from datasets.utils import logging as datasets_logging
    from huggingface_hub import utils as hub

    levels = datasets_logging.get_verbosity(), hub.logging.get_verbosity()
    shown = [bars for bars in (datasets, hub) if not bars.are_progress_bars_disabled()]
    datasets_logging.set_verbosity(logging.ERROR)
    hub.logging.set_verbosity(logging.ERROR)
    for bars in shown:
        bars.disable_progress_bars()
    try:
        yield
    finally:
        datasets_logging.set_verbosity(levels[0])
        hub.logging.set_verbosity(levels[1])
        for bars in shown:
            bars.enable_progress_bars()
