"""From a config to a session: looks every component up by name and checks its options before anything runs."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from rft.components import Verifiers, build_task
from rft.config.schema import Config
from rft.errors import InputError
from rft.models import resolve
from rft.registry import build
from rft.registry import load as find
from rft.report.console import training_line
from rft.report.progress import Observer
from rft.rounds.estep import verdict_ids
from rft.rounds.holdout import split
from rft.rounds.inputs.check import Inputs
from rft.rounds.inputs.identity import FILE, note
from rft.rounds.inputs.references import marked, read_references
from rft.rounds.session import Session
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.store.run import Run, read_json
from rft.trainers import TRAINERS
from rft.types import Problem, Sampler, Trainer
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
        inputs = Inputs(config, base_model, getattr(sampler_class, "pace", frozenset()), references)
        run = Run.open(config.run_dir, config.model_dump(mode="json"), config_text, inputs.check, locked)
        undo.callback(run.close)
        get = Verifiers(config.verifiers, config.sandbox)
        undo.callback(get.close)
        if not run.has_problems():
            run.write_problems(_problems(config, get, trainer is not None), {"seed": config.seed})
        named = {name: get(name, f" in problem {first}") for name, first in run.verifier_names().items()}
        verifiers = marked(named, read_references(run))
        previous = _note_verifiers(run, verdict_ids(verifiers), observer)
        if not references:  # else it is recorded when they are taken
            run.record_config(config.model_dump(mode="json"))
        undo.pop_all()

    def open_sampler(model: str) -> Sampler:
        options: dict[str, Any] = {"model": model, **config.sampler.options}
        if "log" in sampler_class.__dataclass_fields__:
            options.setdefault("log", run.path / "logs" / "engine.log")
        sampler: Sampler = build("sampler", config.sampler.kind, sampler_class, options)
        return sampler

    return Session(config, run, base_model, verifiers, get.close, open_sampler, trainer, observer, previous)


def _note_verifiers(run: Run, ids: list[str], observer: Observer) -> list[str]:
    """Notes the ids of a run's verdicts, says if they have changed, and returns those that were noted before."""
    before = list(read_json(run.path / FILE).get("verifiers", []))
    note(run, verifiers=ids)
    if before not in ([], ids) and run.has_samples():
        observer.note(
            "verifiers",
            f"verifiers: {', '.join(before)} -> {', '.join(ids)}; the old verdicts stay but count no longer, `rft run` "
            "and `rft rejudge` judge the stored samples again",
        )
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
