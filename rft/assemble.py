"""From a config to a session: looks every component up by name and checks its options before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rft.config import Config, load, load_resolved, parse_overrides
from rft.console import training_line
from rft.errors import InputError
from rft.holdout import split
from rft.models import resolve
from rft.progress import Observer
from rft.registry import build
from rft.registry import load as find
from rft.samplers import SAMPLERS
from rft.session import Session
from rft.store import Run
from rft.tasks import TASKS
from rft.trainers import TRAINERS
from rft.types import Problem, Sampler, Task, Trainer, Verifier
from rft.verifiers import VERIFIERS


def read_target(target: Path, overrides: Sequence[str]) -> Config:
    """Returns the config that a command was pointed at: a YAML file, or the folder of a run.

    Raises:
        InputError: there is no such file or run, or a key or value is not allowed.
    """
    if not target.is_dir():
        return load(target, overrides)
    if not (target / "resolved.json").exists():
        raise InputError(f"{target} is not a run: it holds no resolved.json; give a config file or a folder under runs")
    config = load_resolved(target / "resolved.json", overrides)
    # the folder that was named, wherever it was moved or copied to since the run began
    folder = target.resolve()
    return config.model_copy(update={"runs": str(folder.parent), "name": folder.name})


def open_session(config: Config, observer: Observer, config_text: str = "") -> Session:
    """Opens the run of a config, or makes it, with every component built and checked.

    Raises:
        InputError: a name is unknown, an option is wrong, the model or data is not there, or the run is in use.
    """
    sampler_class = find("sampler", config.sampler.kind, SAMPLERS)
    trainer = _trainer(config, observer)
    # a sampler that reads stored completions needs no model; a trainer always does
    needs_model = getattr(sampler_class, "needs_model", True) or trainer is not None
    tell = partial(observer.note, "model")
    base_model = resolve(config.model, tell) if needs_model else config.model
    build("sampler", config.sampler.kind, sampler_class, {"model": base_model, **config.sampler.options})
    for name in config.verifiers:
        find("verifier", name, VERIFIERS, " in key 'verifiers'")
    with ExitStack() as undo:
        run = Run.open(config.run_dir, config.model_dump(mode="json"), config_text)
        undo.callback(run.close)
        get = Verifiers(config.verifiers)
        if not run.has_problems():
            run.write_problems(_problems(config, get), {"seed": config.seed})
        verifiers = {name: get(name, f" in problem {first}") for name, first in run.verifier_names().items()}
        undo.pop_all()

    def open_sampler(model: str) -> Sampler:
        options: dict[str, Any] = {"model": model, **config.sampler.options}
        if "log" in sampler_class.__dataclass_fields__:
            options.setdefault("log", run.path / "logs" / "engine.log")
        sampler: Sampler = build("sampler", config.sampler.kind, sampler_class, options)
        return sampler

    return Session(config, run, base_model, verifiers, open_sampler, trainer, observer)


def _problems(config: Config, get: "Verifiers") -> Iterator[tuple[Problem, bool]]:
    """The problems of a run, each with whether it is held out; one that nothing can judge is an error."""
    task = build_task(config.task.kind, config.task.options)
    shown = [example.prompt for example in config.prompt.examples]
    for problem, held_out in split(task, config.task, config.eval, config.seed, shown):
        get(problem.verifier, f" in problem {problem.id}")
        yield problem, held_out


def build_task(kind: str, options: Mapping[str, Any]) -> Task:
    """Returns a task with these options."""
    task: Task = build("task", kind, find("task", kind, TASKS), options)
    return task


@dataclass
class Verifiers:
    """Verifiers by name, each built when it is first asked for."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> its options, as in a config."""
    _built: dict[str, Verifier] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Refuses options of what is no verifier.

        Raises:
            InputError: a name is unknown, or its options are no mapping.
        """
        if not isinstance(self.options, Mapping):
            raise InputError(f"verifiers holds {self.options!r}; write verifiers.NAME.OPTION=VALUE")
        for name, options in self.options.items():
            find("verifier", name, VERIFIERS, " under 'verifiers'")
            if not isinstance(options, Mapping):
                raise InputError(f"verifiers.{name} is {options!r}; write verifiers.{name}.OPTION=VALUE")

    def __call__(self, name: str, where: str = "") -> Verifier:
        """Returns a verifier; ``where`` says who names it, for the error if there is none."""
        if name not in self._built:
            cls = find("verifier", name, VERIFIERS, where)
            self._built[name] = build("verifier", name, cls, self.options.get(name, {}))
        return self._built[name]

    def close(self) -> None:
        """Ends their worker processes."""
        for verifier in self._built.values():
            verifier.close()


def bare_options(overrides: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Returns the options of verifiers for a bare file.

    Raises:
        InputError: another key is among them.
    """
    given = parse_overrides(overrides)
    if strange := sorted(given.keys() - {"verifiers"}):
        raise InputError(f"'{strange[0]}' does not apply to a bare file; only verifiers.NAME.OPTION=VALUE does")
    options: Mapping[str, Mapping[str, Any]] = given.get("verifiers", {})
    return options


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
