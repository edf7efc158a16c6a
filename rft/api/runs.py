"""Runs from Python: ``run`` and ``evaluate`` work as the commands ``rft run`` and ``rft eval`` do."""

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from rft.api.stored import StoredRun, load_run
from rft.components import read_target
from rft.config.paths import resolve_paths
from rft.config.schema import Config, from_mapping
from rft.errors import InputError
from rft.metrics.summary import Summary
from rft.models import resolve
from rft.report.progress import Observer, Silent
from rft.rounds.evaluate import eval_folder
from rft.rounds.evaluate import evaluate as measure
from rft.rounds.loop import run_rounds
from rft.rounds.opening import open_session

Source = str | PathLike[str] | Mapping[str, Any]
"""A config file, the folder of a run, or the keys of a config as a mapping."""
Overrides = Mapping[str, Any] | Sequence[str]
"""Changes to it: ``{"sampling.n": 32}`` or ``["sampling.n=32"]``."""


def run(config: Source, overrides: Overrides = (), *, observer: Observer | None = None) -> StoredRun:
    """Runs the whole loop, as ``rft run`` does, and returns the run; the same call goes on after an interruption.

    Args:
        config: a config file, the folder of a run, or the keys of a config. Relative paths in a file are taken from
            the file's folder, all others from the current one.
        overrides: changes to it.
        observer: is told of progress; None watches nothing. ``rft.report.console.observer(as_json=False)`` shows
            what the command line shows.

    Raises:
        InputError: a key, value, name or input is wrong; nothing was begun.
        RunError: a stage failed; what was finished is kept, and the same call goes on from there.
    """
    session = open_session(_config(config, overrides), observer or Silent())
    try:
        run_rounds(session)
        return load_run(session.run.path)
    finally:
        session.close()


def evaluate(
    config: Source, model: str | None = None, overrides: Overrides = (), *, observer: Observer | None = None
) -> Summary:
    """Measures a model on the held-out problems of a run, as ``rft eval`` does; stored samples are used again.

    Args:
        config: as in ``run``.
        model: a folder, hub id or embedded model; None takes the config's.
        overrides: changes to the config.
        observer: as in ``run``.

    Returns:
        pass@k with intervals and counts; ``summary.pass_at[1].value`` is the mean pass@1 over problems, a share from
        0 to 1 (Chen et al. 2021, arXiv 2107.03374, equation 1).

    Raises:
        InputError: as in ``run``, or no problem is held out.
        RunError: the engine died too often, or too many samples could not be judged.
    """
    session = open_session(_config(config, overrides), observer or Silent())
    try:
        which = resolve(model) if model else session.base_model
        title = "base model" if which == session.base_model else which
        return measure(session, eval_folder(session, which), which, title).summary
    finally:
        session.close()


def _config(source: Source, overrides: Overrides) -> Config:
    changes = _as_text(overrides)
    if isinstance(source, Mapping):
        return from_mapping(resolve_paths(_plain(source), Path()), changes)
    return read_target(Path(source), changes)


def _as_text(overrides: Overrides) -> list[str]:
    """Overrides as the command line takes them; JSON is YAML."""
    if isinstance(overrides, str):
        raise InputError(f"overrides is the text '{overrides}'; give a list of texts or a mapping")
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(_plain(value))}" for key, value in overrides.items()]
    return list(overrides)


def _plain(value: Any) -> Any:
    """A tree of keys with its paths as texts and its tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, PathLike) else value
