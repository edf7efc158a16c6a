"""From a config to a session: looks every component up by name and checks its options before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rft.config.schema import Config, SandboxConfig, load, load_resolved, parse_overrides
from rft.errors import InputError
from rft.models import resolve
from rft.registry import build
from rft.registry import load as find
from rft.report.console import training_line
from rft.report.progress import Observer
from rft.rounds.holdout import split
from rft.rounds.session import Session
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.store.run import Run
from rft.tasks import TASKS
from rft.trainers import TRAINERS
from rft.types import Problem, Sampler, Sandbox, Task, Trainer, Verifier
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
    find("sandbox", config.sandbox.kind, SANDBOXES, " in key 'sandbox'")
    with ExitStack() as undo:
        run = Run.open(config.run_dir, config.model_dump(mode="json"), config_text)
        undo.callback(run.close)
        get = Verifiers(config.verifiers, config.sandbox)
        undo.callback(get.close)
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

    return Session(config, run, base_model, verifiers, get.close, open_sampler, trainer, observer)


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


def default_split(task: Task) -> str:
    """Returns the split that is looked at when none is named: train, or the first of a task without one."""
    splits = getattr(task, "splits", None)
    return "train" if not splits or "train" in splits else str(splits[0])


@dataclass
class Verifiers:
    """Verifiers by name, each built when it is first asked for, and the sandbox of those that run programs."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> its options, as in a config."""
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)
    _sandbox: Sandbox | None = field(default=None, init=False)
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
            verifier = build("verifier", name, cls, self.options.get(name, {}))
            if getattr(cls, "needs_sandbox", False):
                verifier.use(self._shared_sandbox())
            self._built[name] = verifier
        return self._built[name]

    def close(self) -> None:
        """Ends their worker processes, and the sandbox."""
        for verifier in self._built.values():
            verifier.close()
        if self._sandbox is not None:
            self._sandbox.close()

    def _shared_sandbox(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = build_sandbox(self.sandbox)
        return self._sandbox


def build_sandbox(config: SandboxConfig) -> Sandbox:
    """Returns a sandbox; it starts what it needs when it is first used.

    Raises:
        InputError: its name or an option is wrong, or it cannot be had here.
    """
    cls = find("sandbox", config.kind, SANDBOXES)
    sandbox: Sandbox = build("sandbox", config.kind, cls, config.options)
    return sandbox


def bare_verifiers(overrides: Sequence[str], sandbox: str | None = None) -> Verifiers:
    """Returns the verifiers for a bare file.

    Args:
        overrides: ``verifiers.NAME.OPTION=VALUE`` and ``sandbox.OPTION=VALUE``.
        sandbox: the kind of sandbox, where one is named.

    Raises:
        InputError: another key is among the overrides, or a value is not allowed.
    """
    given = parse_overrides(overrides)
    if strange := sorted(given.keys() - {"verifiers", "sandbox"}):
        raise InputError(
            f"'{strange[0]}' does not apply to a bare file; verifiers.NAME.OPTION=VALUE and sandbox.OPTION=VALUE do"
        )
    return Verifiers(given.get("verifiers", {}), sandbox_config(sandbox, given.get("sandbox", {})))


def sandbox_config(kind: str | None, options: Mapping[str, Any]) -> SandboxConfig:
    """Returns the config of a sandbox.

    Raises:
        InputError: the options are no mapping.
    """
    if not isinstance(options, Mapping):
        raise InputError(f"sandbox is {options!r}; write sandbox.OPTION=VALUE, or --sandbox KIND")
    return SandboxConfig.model_validate({**options, **({"kind": kind} if kind else {})})


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
