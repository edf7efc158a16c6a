"""What a run's figures depend on outside its folder, each with an identity: task, completions, references.

``inputs.json`` in the run holds them. When a run is opened they are compared with what is there now: a change is told
with what it outdates and refused, so that figures of two inputs never stand in one table. A file that was only moved,
or that is gone while nothing needs it, is no change. Prompt, sampling parameters and seed are kept by the run's config
check, the model by ``rft.rounds.sample.bind``, references by
``rft.rounds.inputs.references``, the stages of a round by ``rft.rounds.inputs.once``.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

from rft.config.schema import Component
from rft.errors import InputError
from rft.store.files import write_json
from rft.store.run import Run, flatten, read_json
from rft.types import JSON

FILE = "inputs.json"
CONFIG_ONLY = frozenset({"split", "limit", "exclude"})
"""Keys of ``task`` that the run's config check compares."""
RESUME = "put the old one back, or start a new run with name=..."


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
    options = flatten({name: value for name, value in component.options.items() if name not in left_out})
    return {"kind": component.kind, **{name: _identity(value, files) for name, value in options.items()}}


def file_contents(component: Component, names: frozenset[str], files: FileHashes) -> dict[str, JSON]:
    """Returns option -> a hash of what the files that it names hold; options that are not set are left out."""
    chosen = {name: component.options[name] for name in sorted(names & component.options.keys())}
    return {name: _content(_identity(value, files)) for name, value in chosen.items() if value is not None}


def refuse_other_inputs(run: Run, recorded: Mapping[str, JSON], now: Mapping[str, JSON], references: bool) -> None:
    """Compares the identities of a run's task and sampler with those that its samples and verdicts belong to.

    Args:
        run: holds samples.
        recorded: ``{"task": ..., "sampler": ...}`` as it was.
        now: the same as it is.
        references: the command is one that reads the task again, so that a changed task is what it expects.

    Raises:
        InputError: one differs; it says which, both identities, and what to do.
    """
    if recorded.get("unfinished") and not references:
        raise InputError(
            f"new references of {run.path} were being taken when a command was interrupted; finish that first: "
            f"rft rejudge {run.path} --references"
        )
    if (change := _change("sampler", recorded, now)) is not None:
        raise InputError(f"the samples in {run.path} belong to {change}. Samples of two systems never mix: {RESUME}")
    if not references and (change := _change("task", recorded, now)) is not None:
        raise InputError(
            f"the verdicts in {run.path} belong to {change}. `rft rejudge {run.path} --references` takes the task's "
            f"present references and judges the stored samples anew; or {RESUME}"
        )


def note(run: Run, **facts: JSON) -> None:
    """Records facts about a run's inputs beside those that are there."""
    write_json(run.path / FILE, {**read_json(run.path / FILE), **facts})


def settled(old: Mapping[str, JSON], now: Mapping[str, JSON]) -> dict[str, JSON]:
    """Returns the identities to record: those of now, and of a file that is gone the one that it had."""
    return {name: old[name] if _gone(old.get(name), value) else value for name, value in now.items()}


def _change(section: str, recorded: Mapping[str, JSON], now: Mapping[str, JSON]) -> str | None:
    """Says what differs in a section: ``sampler.path sha256:…, not to sha256:…``; None if nothing does."""
    before, after = recorded.get(section), now.get(section)
    if not before or not after:
        return None
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if _content(old) != _content(new) and not _gone(old, new):
            return f"{section}.{name} {_shown(old)}, not to {_shown(new)}"
    return None


def _gone(old: JSON, new: JSON) -> bool:
    """Whether a file has an identity on record and is no longer there."""
    return isinstance(old, dict) and isinstance(new, dict) and "sha256" not in new and old.get("at") == new.get("at", 0)


def _identity(value: JSON, files: FileHashes) -> JSON:
    if isinstance(value, list | tuple):
        return [_identity(item, files) for item in value]
    if not isinstance(value, str | Path) or not Path(value).is_absolute():
        return value
    digest = hashlib.sha256()
    paths = list(_files(Path(value)))
    for path in paths:
        digest.update(f"{path.name if len(paths) > 1 else ''}\0{files.of(path)}\0".encode())
    return {"at": str(value), "sha256": digest.hexdigest()[:16]} if paths else {"at": str(value)}


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("[!.]*") if file.is_file())
    elif path.is_file():
        yield path
    else:
        yield from sorted(file for file in map(Path, glob(str(path), recursive=True)) if file.is_file())  # noqa: PTH207


def _content(value: JSON) -> JSON:
    """What counts in a comparison: of a file its content, wherever it lies."""
    if isinstance(value, list):
        return [_content(item) for item in value]
    return value.get("sha256", value["at"]) if isinstance(value, dict) and "at" in value else value


def _shown(value: JSON) -> str:
    if isinstance(value, dict) and "at" in value:
        return f"{value['at']} ({'sha256:' + value['sha256'] if 'sha256' in value else 'not there'})"
    return json.dumps(value, ensure_ascii=False, default=str)[:200]
