"""What every command builds from a config, by name and checked at its seam. Below judging and the rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rft.checked.sampler import CheckedSampler
from rft.checked.task import CheckedTask
from rft.checked.trainer import CheckedTrainer
from rft.checked.verifier import CheckedVerifier
from rft.config.schema import Config, SandboxConfig, load, load_resolved, parse_overrides
from rft.errors import InputError
from rft.options import option_types, required_options
from rft.registry import build, declared
from rft.registry import load as find
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.tasks import TASKS
from rft.trainers import TRAINERS
from rft.types import Need, Sandbox, Task, Verifier
from rft.verifiers import VERIFIERS

Things = Mapping[Need, Callable[[], object]]
"""What components can be given here, each made when it is first asked for."""


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


def build_task(kind: str, options: Mapping[str, Any]) -> CheckedTask:
    """Returns a task with these options."""
    task = build("task", kind, find("task", kind, TASKS), options)
    hand_over(f"task '{kind}'", task, {})
    return CheckedTask(kind, task)


def default_split(task: Task) -> str:
    """Returns the split that is looked at when none is named: train, or the first of a task without one."""
    splits = declared(task, "splits")
    return "train" if not splits or "train" in splits else str(splits[0])


def needs_model(cls: type[Any]) -> bool:
    """Whether a sampler's class asks for a model: it says so, or has a field ``model`` without a default."""
    return "model" in declared(cls, "needs") or "model" in required_options(cls)


def build_sampler(kind: str, options: Mapping[str, Any], model: str, log: Path | None = None) -> CheckedSampler:
    """Returns a sampler of a model; its engine starts with the first request.

    Args:
        kind: its name, or module:Class.
        options: as in a config.
        model: a folder or a hub id; empty where the run has none.
        log: where its engine may write what it prints, if it has a field for that.

    Raises:
        InputError: its name or an option is wrong, or it needs what cannot be had here.
    """
    cls = find("sampler", kind, SAMPLERS)
    extra = {"model": model, "log": log}
    extra = {name: value for name, value in extra.items() if name in option_types(cls) and value is not None}
    sampler = build("sampler", kind, cls, {**extra, **options})
    hand_over(f"sampler '{kind}'", sampler, {"model": lambda: model})
    return CheckedSampler(kind, sampler)


def build_trainer(kind: str, options: Mapping[str, Any]) -> CheckedTrainer | None:
    """Returns a trainer; None for kind ``none``.

    Raises:
        InputError: its name or an option is wrong.
    """
    if kind == "none":
        return None
    trainer = build("trainer", kind, find("trainer", kind, {**TRAINERS, "none": ""}), options)
    hand_over(f"trainer '{kind}'", trainer, {})
    return CheckedTrainer(kind, trainer)


@dataclass
class Verifiers:
    """Verifiers by name, each built when it is first asked for, and the sandbox of those that run programs."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Name -> its options, as in a config."""
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)
    things: Things = field(default_factory=dict)
    """What verifiers can be given besides the sandbox."""
    _made: dict[Need, object] = field(default_factory=dict, init=False)
    _built: dict[str, CheckedVerifier] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Refuses options under a name that no verifier has.

        Raises:
            InputError: a name is unknown, or its options are not a mapping.
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
            checked = CheckedVerifier(name, verifier)
            hand_over(f"verifier '{name}'", verifier, self._shared_things())
            self._built[name] = checked
        return self._built[name]

    def close(self) -> None:
        """Ends their worker processes, then the sandbox and what else was made for them."""
        for component in (*self._built.values(), *self._made.values()):
            declared(component, "close")()

    def _shared_things(self) -> Things:
        makers: Things = {**self.things, "sandbox": lambda: build_sandbox(self.sandbox)}
        return {need: partial(self._shared, need, make) for need, make in makers.items()}

    def _shared(self, need: Need, make: Callable[[], object]) -> object:
        if need not in self._made:
            self._made[need] = make()
        return self._made[need]


def hand_over(who: str, component: object, things: Things) -> None:
    """Gives a component what it needs and has no field for.

    Args:
        who: for messages, e.g. ``verifier 'code'``.
        component: as it was built.
        things: what can be had here.

    Raises:
        InputError: it needs what cannot be had here.
    """
    own = option_types(type(component))
    for need in sorted(name for name in declared(component, "needs") if name not in own):
        if need not in things:
            raise InputError(f"{who} needs '{need}', which is not to be had here; there is: {', '.join(things) or '-'}")
        declared(component, "provide")(need, things[need]())


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
        InputError: the options are not a mapping.
    """
    if not isinstance(options, Mapping):
        raise InputError(f"sandbox is {options!r}; write sandbox.OPTION=VALUE, or --sandbox KIND")
    return SandboxConfig.model_validate({**options, **({"kind": kind} if kind else {})})
