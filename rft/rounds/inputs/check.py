"""When a run is opened: are its inputs those that its figures belong to?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rft.config.paths import from_folder
from rft.config.schema import Component, Config, TaskConfig
from rft.errors import InputError
from rft.rounds.inputs.identity import CONFIG_ONLY, FILE, FileHashes, component_identity, content, model_identity
from rft.store.files import read_json, write_json
from rft.store.run import Run
from rft.types import JSON

RESUME = "put the old one back, or start a new run with name=..."


@dataclass(frozen=True)
class Inputs:
    """What a run is about to be opened with."""

    config: Config
    base_model: str
    """A folder or a hub id; empty where none is needed."""
    pace: frozenset[str]
    """The sampler's options that change how fast samples come, never what they say."""
    references: bool
    """Whether a changed task is what the caller expects, which notes the new one when it is done."""

    def check(self, run: Run, before: Mapping[str, JSON], has_samples: bool) -> None:
        """Compares what a run's figures belong to with what is there now, and notes it.

        Args:
            run: the open run.
            before: its config when it was last opened; empty in a new one.
            has_samples: whether anything belongs to the old inputs.

        Raises:
            InputError: an input is another than the one that samples or verdicts belong to.
        """
        recorded = read_json(run.path / FILE) if has_samples else {}
        files = FileHashes(recorded.get("files", {}))
        now = _identities(self.config.task, self.config.sampler, self.pace, files)
        now["model"] = model_identity(self.base_model)
        old = {**self._older(run, before, files), **recorded} if has_samples else {}
        refuse_other_inputs(run, old, now, self.references)
        kept = {name: _settled(old.get(name, {}), identities) for name, identities in now.items()}
        if self.references and "task" in old:
            kept["task"] = old["task"]
        write_json(run.path / FILE, {**recorded, **kept, "files": files.now})

    def _older(self, run: Run, before: Mapping[str, JSON], files: FileHashes) -> dict[str, JSON]:
        """The identities in a run that an earlier version began: from its config, and the model that it noted."""
        if not before:
            return {}
        task, sampler = (from_folder(before[name], Path.cwd()) for name in ("task", "sampler"))
        old = _identities(TaskConfig.model_validate(task), Component.model_validate(sampler), self.pace, files)
        return {**old, "model": _older_model(run)}


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
    for section in ("sampler", "model"):
        if (change := _change(section, recorded, now)) is not None:
            raise InputError(
                f"the samples in {run.path} belong to {change}. Samples of two systems never mix: {RESUME}"
            )
    if not references and (change := _change("task", recorded, now)) is not None:
        raise InputError(
            f"the verdicts in {run.path} belong to {change}. `rft rejudge {run.path} --references` takes the task's "
            f"present references and judges the stored samples anew; or {RESUME}"
        )


def _identities(
    task: Component, sampler: Component, pace: frozenset[str], files: FileHashes
) -> dict[str, dict[str, JSON]]:
    return {
        "task": component_identity(task, files, CONFIG_ONLY),
        "sampler": component_identity(sampler, files, pace),
    }


def _older_model(run: Run) -> dict[str, JSON]:
    drawn = read_json(run.path / "baseline" / "eval" / "model.json") or read_json(run.round(0) / "model.json")
    kind, _, digest = str(drawn.get("identity", "")).partition(":")
    if kind == "sha256":
        return {"": {"at": drawn["model"], "sha256": digest}}
    return {"": digest} if kind == "hub" else {}


def _settled(old: Mapping[str, JSON], now: Mapping[str, JSON]) -> dict[str, JSON]:
    """The identities to record: those of now, and of a file that is gone the one that it had."""
    return {name: old[name] if _gone(old.get(name), value) else value for name, value in now.items()}


def _change(section: str, recorded: Mapping[str, JSON], now: Mapping[str, JSON]) -> str | None:
    """Says what differs in a section: ``sampler.path sha256:…, not to sha256:…``; None if nothing does."""
    before, after = recorded.get(section), now.get(section)
    if not before or not after:
        return None
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if content(old) != content(new) and not _gone(old, new):
            return f"{section}{'.' if name else ''}{name} {_shown(old)}, not to {_shown(new)}"
    return None


def _gone(old: JSON, new: JSON) -> bool:
    """Whether a file has an identity on record and is no longer there."""
    return isinstance(old, dict) and isinstance(new, dict) and "sha256" not in new and old.get("at") == new.get("at", 0)


def _shown(value: JSON) -> str:
    if isinstance(value, dict) and "at" in value:
        return f"{value['at']} ({'sha256:' + value['sha256'] if 'sha256' in value else 'not there'})"
    return json.dumps(value, ensure_ascii=False, default=str)[:200]
