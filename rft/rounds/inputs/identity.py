"""What a run's figures depend on outside its folder, each with an identity: task, completions, model.

``inputs.json`` in the run holds them. When a run is opened they are compared with what is there now (``check``): a
change is told with what it outdates and refused, so that figures of two inputs never stand in one table. A file that
was only moved, or that is gone while nothing needs it, is no change. Prompt, sampling parameters and seed are compared
with the run's config (``rft.store.run``), the model of a later round by ``rft.rounds.sample.bind``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

from rft.config.schema import Component
from rft.errors import InputError
from rft.models import identity
from rft.store.files import read_json, write_json
from rft.store.run import Run, flatten
from rft.types import JSON

FILE = "inputs.json"
CONFIG_ONLY = frozenset({"split", "limit", "exclude"})
"""Keys of ``task`` that are compared with the run's config."""
PLACES = frozenset({"log", "cwd"})
"""Options that name a place to work in, not an input."""


@dataclass
class FileHashes:
    """SHA-256 of files, read again only when size, times or inode of one have changed."""

    recorded: Mapping[str, JSON] = field(default_factory=dict)
    """Path -> {"stat": [...], "sha256": "..."}, as an earlier process left it."""
    now: dict[str, JSON] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        """Returns the hash of a file's content; the file is streamed.

        Raises:
            InputError: it cannot be read.
        """
        try:
            facts = path.stat()
            stat = [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]
            before = self.recorded.get(str(path))
            if before and before["stat"] == stat:
                digest = str(before["sha256"])
            else:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
        self.now[str(path)] = {"stat": stat, "sha256": digest}
        return digest


def component_identity(
    component: Component, files: FileHashes, left_out: frozenset[str] = frozenset()
) -> dict[str, JSON]:
    """Returns dotted option -> what it stands for: a file's or folder's content, else the value itself.

    Args:
        component: the task or the sampler as the config has it.
        files: hashes what the options name.
        left_out: options that change how fast, never what.
    """
    options = flatten({name: v for name, v in component.options.items() if name not in left_out | PLACES})
    return {"kind": component.kind, **{name: _identity(value, files) for name, value in options.items()}}


def model_identity(model: str) -> dict[str, JSON]:
    """Returns what a model stands for, as a section of its own: a folder's content, or a hub id; {} without a model."""
    if not model:
        return {}
    path = Path(model)
    if path.is_dir():
        return {"": {"at": model, "sha256": identity(model).removeprefix("sha256:")}}
    return {"": {"at": model} if path.is_absolute() else model}


def file_contents(component: Component, names: frozenset[str], files: FileHashes) -> dict[str, JSON]:
    """Returns option -> a hash of what the files that it names hold; options that are not set are left out."""
    chosen = {name: component.options[name] for name in sorted(names & component.options.keys())}
    return {name: content(_identity(value, files)) for name, value in chosen.items() if value is not None}


def note(run: Run, **facts: JSON) -> None:
    """Records facts about a run's inputs beside those that are there."""
    write_json(run.path / FILE, {**read_json(run.path / FILE), **facts})


def _identity(value: JSON, files: FileHashes) -> JSON:
    if isinstance(value, list | tuple):
        return [_identity(item, files) for item in value]
    if not isinstance(value, str | Path) or not Path(value).is_absolute():
        return value
    digest = hashlib.sha256()
    paths = _files(Path(value))
    for path in paths:
        digest.update(f"{path.name if len(paths) > 1 else ''}\0{files.of(path)}\0".encode())
    return {"at": str(value), "sha256": digest.hexdigest()[:16]} if paths else {"at": str(value)}


def _files(path: Path) -> list[Path]:
    """The files that a text may name: a file, what lies in a folder, or what a pattern matches."""
    try:
        if path.is_dir():
            return sorted(file for file in path.rglob("[!.]*") if file.is_file())
        names = [str(path)] if path.is_file() else glob(str(path), recursive=True)  # noqa: PTH207 (an absolute pattern)
    except (OSError, ValueError):  # a text that cannot be a path, e.g. too long
        return []
    return sorted(file for file in map(Path, names) if file.is_file())


def content(value: JSON) -> JSON:
    """Returns what counts in a comparison: of a file its content, wherever it lies."""
    if isinstance(value, list):
        return [content(item) for item in value]
    return value.get("sha256", value["at"]) if isinstance(value, dict) and "at" in value else value
