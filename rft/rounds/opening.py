"""From a config to a session: looks every component up by name and checks its options before anything runs."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from rft.components import Verifiers, build_task
from rft.config.paths import from_folder
from rft.config.schema import Component, Config, TaskConfig
from rft.errors import InputError
from rft.models import resolve
from rft.registry import build
from rft.registry import load as find
from rft.report.console import training_line
from rft.report.progress import Observer
from rft.rounds.estep import verdict_ids
from rft.rounds.holdout import split
from rft.rounds.inputs.identity import (
    CONFIG_ONLY,
    FILE,
    FileHashes,
    component_identity,
    note,
    refuse_other_inputs,
    settled,
)
from rft.rounds.inputs.references import marked, read_references
from rft.rounds.session import Session
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.store.files import write_json
from rft.store.run import Run, read_json
from rft.trainers import TRAINERS
from rft.types import JSON, Problem, Sampler, Trainer
from rft.verifiers import VERIFIERS


def open_session(
    config: Config, observer: Observer, config_text: str = "", *, references: bool = False, locked: bool = True
) -> Session:
    """Opens the run of a config, or makes it, with every component built and checked.

    Args:
        config: the run's.
        observer: watches it.
        config_text: the config as the user wrote it.
        references: the caller reads the task's references again, so a changed task is what it expects.
        locked: False opens without the lock, for file systems that have none.

    Raises:
        InputError: a name is unknown, an option is wrong, the model or data is not there, the run is in use, or what
            its figures belong to has changed.
    """
    sampler_class = find("sampler", config.sampler.kind, SAMPLERS)
    trainer = _trainer(config, observer)
    # a sampler that reads stored completions needs no model; a trainer always does
    base_model = _base_model(config, getattr(sampler_class, "needs_model", True) or trainer is not None, observer)
    build("sampler", config.sampler.kind, sampler_class, {"model": base_model, **config.sampler.options})
    for name in config.verifiers:
        find("verifier", name, VERIFIERS, " in key 'verifiers'")
    find("sandbox", config.sandbox.kind, SANDBOXES, " in key 'sandbox'")
    with ExitStack() as undo:
        inputs = partial(_inputs, config, getattr(sampler_class, "pace", frozenset()), references)
        run = Run.open(config.run_dir, config.model_dump(mode="json"), config_text, inputs, locked)
        undo.callback(run.close)
        get = Verifiers(config.verifiers, config.sandbox)
        undo.callback(get.close)
        if not run.has_problems():
            run.write_problems(_problems(config, get, trainer is not None), {"seed": config.seed})
        named = {name: get(name, f" in problem {first}") for name, first in run.verifier_names().items()}
        verifiers = marked(named, read_references(run))
        previous = _note_verifiers(run, verdict_ids(verifiers))
        undo.pop_all()

    def open_sampler(model: str) -> Sampler:
        options: dict[str, Any] = {"model": model, **config.sampler.options}
        if "log" in sampler_class.__dataclass_fields__:
            options.setdefault("log", run.path / "logs" / "engine.log")
        sampler: Sampler = build("sampler", config.sampler.kind, sampler_class, options)
        return sampler

    return Session(config, run, base_model, verifiers, get.close, open_sampler, trainer, observer, previous)


def _note_verifiers(run: Run, ids: list[str]) -> list[str]:
    """Notes the ids of a run's verdicts and returns those that were noted before."""
    before = list(read_json(run.path / FILE).get("verifiers", []))
    note(run, verifiers=ids)
    return before


def _base_model(config: Config, needed: bool, observer: Observer) -> str:
    if not needed:
        return config.model or ""
    if config.model is None:
        who = f"sampler '{config.sampler.kind}'" if config.train.kind == "none" else f"trainer '{config.train.kind}'"
        raise InputError(
            f"key 'model' is missing and {who} needs one; give a folder, a hub id or an embedded model "
            "(`rft models` lists them)"
        )
    return resolve(config.model, partial(observer.note, "model"))


def _inputs(
    config: Config, pace: frozenset[str], references: bool, run: Run, before: Mapping[str, JSON], has_samples: bool
) -> None:
    """Compares what a run's figures belong to with what is there now, and notes it.

    Args:
        config: the run's, as it is now.
        pace: the sampler's options that change how fast, never what.
        references: a changed task is what the caller expects, and it notes the new one when it is done.
        run: the open run.
        before: its config when it was last opened; empty in a new one.
        has_samples: whether anything belongs to the old inputs.
    """
    recorded = read_json(run.path / FILE) if has_samples else {}
    files = FileHashes(recorded.get("files", {}))
    now = {
        "task": component_identity(config.task, files, CONFIG_ONLY),
        "sampler": component_identity(config.sampler, files, pace),
    }
    old = {**_older(before, pace, files), **recorded} if has_samples else {}
    refuse_other_inputs(run, old, now, references)
    kept = {name: settled(old.get(name, {}), identities) for name, identities in now.items()}
    if references and "task" in old:
        kept["task"] = old["task"]
    write_json(run.path / FILE, {**recorded, **kept, "files": files.now})


def _older(before: Mapping[str, JSON], pace: frozenset[str], files: FileHashes) -> dict[str, JSON]:
    """The identities in a run that an earlier version began, from the paths in its config."""
    if not before:
        return {}
    task, sampler = (from_folder(before[name], Path.cwd()) for name in ("task", "sampler"))
    return {
        "task": component_identity(TaskConfig.model_validate(task), files, CONFIG_ONLY),
        "sampler": component_identity(Component.model_validate(sampler), files, pace),
    }


def _problems(config: Config, get: "Verifiers", training: bool) -> Iterator[tuple[Problem, bool]]:
    """The problems of a run, each with whether it is held out; one that nothing can judge is an error."""
    task = build_task(config.task.kind, config.task.options)
    shown = [example.prompt for example in config.prompt.examples]
    for problem, held_out in split(task, config.task, config.eval, config.seed, shown, training):
        get(problem.verifier, f" in problem {problem.id}")
        yield problem, held_out


def _trainer(config: Config, observer: Observer) -> Trainer | None:
    kind = config.train.kind
    if kind == "none":
        return None
    options = config.train.options
    trainer: Trainer = build("trainer", kind, find("trainer", kind, {**TRAINERS, "none": ""}), options)
    if hasattr(trainer, "on_progress"):
        trainer.on_progress = partial(_tell, observer)
    return trainer


def _tell(observer: Observer, event: Mapping[str, Any]) -> None:
    """Shows a trainer's progress event."""
    facts = {name: value for name, value in event.items() if name != "event"}
    observer.note(f"train_{event['event']}", training_line(event), **facts)
