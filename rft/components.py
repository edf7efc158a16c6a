"""What every command builds from a config: a task, verifiers, a sandbox. Below judging and the rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rft.config.schema import Config, SandboxConfig, load, load_resolved, parse_overrides
from rft.errors import InputError
from rft.registry import build
from rft.registry import load as find
from rft.sandboxes import SANDBOXES
from rft.tasks import TASKS
from rft.types import Sandbox, Task, Verifier
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
