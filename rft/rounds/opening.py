"""From a config to a session: looks every component up by name and checks its options before anything runs."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

from rft.components import Things, Verifiers, build_sampler, build_task, build_trainer, needs_model
from rft.config.schema import Config
from rft.errors import InputError
from rft.models import resolve
from rft.registry import declared
from rft.registry import load as find
from rft.report.console import training_line
from rft.report.progress import Observer
from rft.rounds.estep import verdict_ids
from rft.rounds.holdout import split
from rft.rounds.inputs.check import Inputs
from rft.rounds.inputs.identity import FILE, note
from rft.rounds.inputs.references import marked, read_references
from rft.rounds.sample import budget
from rft.rounds.select import formats, rules
from rft.rounds.session import Session
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.store.files import read_json
from rft.store.run import Run
from rft.types import Problem, Sampler
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
    trainer = build_trainer(config.train.kind, config.train.options)
    if trainer is not None:
        trainer.report_to(partial(_tell, observer))
    # a sampler that reads stored completions needs no model; a trainer always does
    needing = f"trainer '{config.train.kind}'" if trainer is not None else None
    if needs_model(sampler_class):
        needing = needing or f"sampler '{config.sampler.kind}'"
    base_model = _base_model(config, needing, observer)
    build_sampler(config.sampler.kind, config.sampler.options, base_model)
    for name in config.verifiers:
        find("verifier", name, VERIFIERS, " in key 'verifiers'")
    find("sandbox", config.sandbox.kind, SANDBOXES, " in key 'sandbox'")
    budget(config.sampling)
    rules(config.select)
    formats(config)
    with ExitStack() as undo:
        inputs = Inputs(config, base_model, declared(sampler_class, "pace"), references)
        run = Run.open(config.run_dir, config.model_dump(mode="json"), config_text, inputs.check, locked)
        undo.callback(run.close)
        get = Verifiers(config.verifiers, config.sandbox, _things(config, run, observer))
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
        return build_sampler(config.sampler.kind, config.sampler.options, model, run.path / "logs" / "engine.log")

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


def _base_model(config: Config, needing: str | None, observer: Observer) -> str:
    """The model of a run, resolved; as it stands in the config when nothing needs one."""
    if needing is None:
        return config.model or ""
    if config.model is None:
        raise InputError(
            f"key 'model' is missing and {needing} needs one; give a folder, a hub id or an embedded model "
            "(`rft models` lists them)"
        )
    return resolve(config.model, partial(observer.note, "model"))


def _things(config: Config, run: Run, observer: Observer) -> Things:
    """What a verifier of a run can be given: its base model, and a sampler of its own that draws from it."""

    def model() -> str:
        return _base_model(config, "a verifier", observer)

    def sampler() -> Sampler:
        return build_sampler(config.sampler.kind, config.sampler.options, model(), run.path / "logs" / "judge.log")

    return {"model": model, "sampler": sampler}


def _problems(config: Config, get: "Verifiers", training: bool) -> Iterator[tuple[Problem, bool]]:
    """The problems of a run, each with whether it is held out; one that nothing can judge is an error."""
    task = build_task(config.task.kind, config.task.options)
    shown = [example.prompt for example in config.prompt.examples]
    for problem, held_out in split(task, config.task, config.eval, config.seed, shown, training):
        get(problem.verifier, f" in problem {problem.id}")
        yield problem, held_out


def _tell(observer: Observer, event: Mapping[str, Any]) -> None:
    """Shows a trainer's progress event."""
    facts = {name: value for name, value in event.items() if name != "event"}
    observer.note(f"train_{event['event']}", training_line(event), **facts)
