"""A trainer's output folder: work happens under ``partial`` and appears as ``model`` in one step, with its inputs.

After a kill at any moment either the finished model is there, with a mark that says what it was made from, or only
``partial`` is. The same call again returns the finished model at once; other inputs start over.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from rft.errors import InputError, TrainerError
from rft.models import check_model, identity
from rft.types import JSON

MARK = "rft_training.json"


def fingerprint(dataset: Path, base_model: str, options: Mapping[str, JSON]) -> str:
    """Returns a hash of everything that the trained model depends on.

    Raises:
        InputError: the dataset cannot be read, or is empty.
    """
    try:
        with dataset.open("rb") as stream:
            rows = hashlib.file_digest(stream, "sha256").hexdigest()
        n_bytes = dataset.stat().st_size
    except OSError as error:
        raise InputError(f"training set {dataset} cannot be read: {error.strerror}") from error
    if not n_bytes:
        raise InputError(f"training set {dataset} is empty; nothing was selected, so there is nothing to train on")
    parts = [rows, identity(base_model), json.dumps(dict(options), sort_keys=True, default=str)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def begin(out: Path, mark: str, resumable: bool) -> Path:
    """Returns ``out/partial``, empty, or as an attempt with the same inputs left it where that is wanted.

    Raises:
        InputError: the folder cannot be written.
    """
    partial = out / "partial"
    try:
        if partial.exists() and not (resumable and _read_mark(partial) == mark):
            shutil.rmtree(partial)
        partial.mkdir(parents=True, exist_ok=True)
        _write_mark(partial, mark)
    except OSError as error:
        raise InputError(f"the trainer's folder {partial} cannot be written: {error.strerror}") from error
    return partial


def finished(out: Path, mark: str, inside: str = ".") -> Path | None:
    """Returns the model that an earlier call with the same inputs finished, if it is still whole."""
    if _read_mark(out / "model") != mark:
        return None
    try:
        return loadable(out / "model", inside)
    except TrainerError:
        return None


def publish(trained: Path, out: Path, mark: str) -> None:
    """Moves a finished folder to ``out/model`` and clears what is left of the work."""
    _write_mark(trained, mark)
    final = out / "model"
    if final.exists():
        shutil.rmtree(final)
    trained.rename(final)
    shutil.rmtree(out / "partial", ignore_errors=True)


def loadable(root: Path, inside: str = ".") -> Path:
    """Returns the checked model folder under ``root``; a pattern such as ``epoch_*`` means the last in natural order.

    Raises:
        TrainerError: there is none, or it cannot be loaded; where models were found instead is said.
    """
    found = sorted(root.glob(inside), key=_natural) if inside != "." else [root]
    folder = found[-1] if found else root / inside
    try:
        check_model(folder)
    except InputError as error:
        others = sorted(str(f.parent.relative_to(root)) for f in root.rglob("config.json") if f.parent != folder)
        hint = f"; a config.json lies in {', '.join(others[:5])}: set model_subdir" if others else ""
        raise TrainerError(f"the trainer wrote no model that can be loaded: {error}{hint}") from error
    return folder


def _natural(path: Path) -> tuple[tuple[int, str], ...]:
    digits = "".join(c if c.isdigit() else " " for c in path.name).split()
    return (*((int(d), "") for d in digits), (0, path.name))


def _read_mark(folder: Path) -> str | None:
    try:
        found = json.loads((folder / MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return str(found.get("fingerprint")) if isinstance(found, dict) else None


def _write_mark(folder: Path, mark: str) -> None:
    (folder / MARK).write_text(json.dumps({"fingerprint": mark}) + "\n", "utf-8")
