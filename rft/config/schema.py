"""The one schema of a run: versioned YAML, dotted overrides on the command line, presets that are ordinary files.

A config says everything that a run depends on. What is not written has the default shown here; ``rft init`` writes a
commented copy. Unknown keys are refused with the nearest name. Options of components (a task, a sampler, a trainer)
stand beside their ``kind`` and are checked against the component's own fields by ``rft.registry.build``. Relative paths
in a file are taken from the file's folder, those of overrides from the current one (``rft.config.paths``).
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from rft.config.paths import resolve_paths
from rft.errors import InputError, unknown
from rft.types import SamplingParams

Count = Annotated[int, Field(ge=1)]
MOVED: dict[str, str] = {}
"""Key of an older layout of the config -> the key that replaces it."""


class Section(BaseModel):
    """A part of the config; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Component(BaseModel):
    """A part of the config whose ``kind`` names a class; the other keys are that class's fields."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)
    kind: str

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the component itself."""
        return dict(self.model_extra or {})


def _named(entry: object) -> object:
    return {"kind": entry} if isinstance(entry, str) else entry


Named = Annotated[Component, BeforeValidator(_named)]
"""A component whose name may stand alone, where it has no options."""


class TaskConfig(Component):
    """Which problems. Other keys are options of the task (``rft tasks show KIND`` lists them)."""

    kind: str
    """arithmetic, gsm8k, math, humaneval, mbpp, jsonl, … (``rft tasks`` lists them), or module:Class."""
    split: str = "train"
    """The split that candidates are drawn for."""
    limit: Count | None = None
    """Use only the first so many problems of the split."""
    exclude: tuple[Annotated[str, BeforeValidator(str)], ...] = ()
    """Problem ids to leave out."""


class Example(Section):
    """One worked example of a few-shot prompt."""

    prompt: str
    completion: str


class PromptConfig(Section):
    """How a problem becomes what the model reads; samples and training rows use the same text."""

    style: Literal["chat", "plain"] = "chat"
    """chat: messages through the model's own template; plain: text, for base models."""
    system: str | None = None
    """System prompt (chat), or text put first (plain)."""
    turn: str = "{prompt}"
    """Wording around every question; ``{prompt}`` stands for it. Plain style: e.g. ``Question: {prompt}\\nAnswer:``."""
    examples: tuple[Example, ...] = ()
    """Worked examples, shown before the question in the same wording."""

    @field_validator("turn")
    @classmethod
    def _holds_the_question(cls, turn: str) -> str:
        if "{prompt}" not in turn:
            raise ValueError("must hold {prompt}, where the question goes")
        return turn


class SamplingConfig(Section):
    """How candidates are drawn."""

    n: Count = 16
    """Candidates per problem and round. A larger n on a later call tops the last round up."""
    budget: Named = Component(kind="uniform")
    """How they are shared out: uniform (n for every problem), or module:Class (up to n)."""
    temperature: Annotated[float, Field(ge=0)] = 0.7
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    """0 keeps all tokens."""
    min_p: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_tokens: Count = 1024
    """A candidate that reaches this cap is *truncated*: shown apart, never trained on."""
    stop: tuple[str, ...] = ()

    def params(self) -> SamplingParams:
        """Returns what one request needs, which is everything except how many."""
        return SamplingParams(**self.model_dump(exclude={"n", "budget"}))


class SandboxConfig(Component):
    """Where programs run, for verifiers that run any. Other keys are options of the sandbox."""

    kind: str = "local"
    """local (namespaces of this machine's kernel), docker, http, or module:Class."""


class VerifyConfig(Section):
    """How verification runs."""

    workers: Count = 2
    """Problems judged at the same time."""
    max_backlog: Count = 4096
    """Samples that may wait for a verdict before no further requests are sent; the engine goes on with what it has."""
    retries: Annotated[int, Field(ge=0)] = 1
    """How often an unjudged sample is judged again before it is counted as unjudged."""
    max_unjudged: Annotated[float, Field(ge=0, le=1)] = 0.05
    """The run stops with exit code 1 when a larger share than this stays unjudged."""


class SelectConfig(Section):
    """Which correct samples become training rows. Changing this never samples again."""

    low_trust: Literal["drop", "keep"] = "drop"
    """Drop a program whose tests had to share a process with it, or asked its own objects: it could have cheated."""
    false_equations: Literal["drop", "keep"] = "drop"
    """Drop a solution that holds a false explicit equation, such as 11 + 12 = 13."""
    dedupe: Literal["text", "none"] = "text"
    """Keep one of several samples of a problem that are equal after normalisation."""
    cap: Count | None = 10
    """At most so many rows per problem (ReST-EM: 10); which ones is drawn with the run's seed."""
    filters: tuple[Component, ...] = ()
    """Further filters, in this order: ``[{kind: length, max_tokens: 800}]``, or module:Class."""


class ExportConfig(Section):
    """The files that are written from the selected rows."""

    formats: tuple[Named, ...] = (Component(kind="messages"),)
    """Besides prompt_completion, which is always written because trainers read it: names, or module:Class."""


class TrainConfig(Component):
    """The M-step. Other keys are options of the trainer."""

    kind: str = "none"
    """trl, command, none, or module:Class."""
    start: Literal["base", "previous"] = "base"
    """Fine-tune the base model every round (ReST-EM), or the previous round's."""
    data: Literal["latest", "all"] = "latest"
    """Train on the latest round's rows (ReST-EM), or on those of all rounds so far."""


class LoopConfig(Section):
    """The rounds."""

    rounds: Count = 1
    problems_per_round: Count | None = None
    """None: all problems every round (ReST-EM). A number: the next so many each round, in turn."""


class EvalConfig(Section):
    """The measurement on problems that are never trained on. They are fixed by id before round 0."""

    enabled: bool = True
    split: str | None = None
    """A split of its own. None: hold some of the training split out."""
    holdout: Annotated[float, Field(gt=0)] = 0.1
    """Without a split: how many problems are held out: a share below 1, else a number."""
    limit: Count | None = None
    """Use only the first so many held-out problems."""
    n: Count = 4
    """Samples per problem."""
    k: tuple[Count, ...] = (1, 4)
    """Which pass@k."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    """None: the temperature of ``sampling``."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    resamples: Count = 2000
    """Bootstrap resamples of the problems."""


class Config(Section):
    """A whole run."""

    version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """The run's folder under ``runs``."""
    runs: str = "runs"
    """Where runs live. Relative to this file; if the key is not written, ``runs`` in the current folder."""
    seed: Annotated[int, Field(ge=0)] = 0
    model: str | None = None
    """The base model: a folder, a hub id, or an embedded model (``rft models``).
    Replay without a trainer needs none."""
    task: TaskConfig
    prompt: PromptConfig = PromptConfig()
    sampler: Component = Component(kind="vllm")
    sampling: SamplingConfig = SamplingConfig()
    verifiers: dict[str, dict[str, Any]] = {}
    """Options of verifiers, by name: ``verifiers: {math: {units: convert}}``."""
    sandbox: SandboxConfig = SandboxConfig()
    verify: VerifyConfig = VerifyConfig()
    select: SelectConfig = SelectConfig()
    export: ExportConfig = ExportConfig()
    train: TrainConfig = TrainConfig()
    loop: LoopConfig = LoopConfig()
    eval: EvalConfig = EvalConfig()
    trackers: tuple[Component, ...] = ()
    """Who watches the run besides the console: ``[{kind: jsonl, path: events.jsonl}]``, or module:Class."""

    @property
    def run_dir(self) -> Path:
        """Where the run lives, as an absolute path: trainers and engines run elsewhere."""
        return Path(self.runs).absolute() / self.name


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Reads a config file, lays it over its preset, applies overrides such as ``sampling.n=32``, and checks it.

    Raises:
        InputError: the file is missing or not YAML, or a key or value is not allowed.
    """
    return from_mapping(resolve_paths(_read_yaml(path), path.parent), overrides, where=str(path))


def from_mapping(data: Mapping[str, Any], overrides: Sequence[str] = (), where: str = "the config") -> Config:
    """Returns the config that a tree of keys describes, laid over its preset, with overrides; all of it is checked.

    Raises:
        InputError: a key or value is not allowed.
    """
    data = _merge(data, resolve_paths(parse_overrides(overrides), Path()))
    if preset := data.pop("preset", None):
        data = _merge(read_preset(str(preset)), data)
    config = check(data, where)
    _check_measurement(config)
    return config


def load_resolved(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Reads the config that a run was started with, ``resolved.json``, and applies overrides.

    Raises:
        InputError: the file is damaged, or a key or value is not allowed.
    """
    changes = resolve_paths(parse_overrides(overrides), Path())
    config = check(_merge(_read_yaml(path), changes), where=str(path))
    if "eval" in changes:
        _check_measurement(config)
    return config


def parse_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Returns the tree of keys that overrides such as ``sampling.n=32`` set; values are YAML.

    Raises:
        InputError: one is not of the form key=value.
    """
    data: dict[str, Any] = {}
    for override in overrides:
        key, found, value = override.partition("=")
        if not found or not key:
            raise InputError(f"override '{override}' is not of the form key=value, e.g. sampling.n=32")
        try:
            data = _merge(data, _nest(key.split("."), yaml.safe_load(value)))
        except yaml.YAMLError as error:
            raise InputError(f"override '{override}': the value is not YAML: {' '.join(str(error).split())}") from error
    return data


def check(data: Mapping[str, Any], where: str) -> Config:
    """Returns the checked config.

    Raises:
        InputError: names the key, what was seen and what is allowed.
    """
    try:
        return Config.model_validate(dict(data))
    except ValidationError as error:
        raise _explain(error, where) from error


def _check_measurement(config: Config) -> None:
    """Refuses a pass@k that fewer than k samples cannot give, unless k was left at its default."""
    largest = max(config.eval.k, default=1)
    if config.eval.enabled and "k" in config.eval.model_fields_set and largest > config.eval.n:
        raise InputError(
            f"eval.k asks for pass@{largest}, but eval.n draws {config.eval.n} samples per problem; pass@k takes at "
            f"least k of them: set eval.n={largest}, or take {largest} out of eval.k"
        )


def preset_names() -> list[str]:
    """Returns the names of the presets that ship with the package."""
    return sorted(
        f.name.removesuffix(".yaml")
        for f in resources.files("rft.config.presets").iterdir()
        if f.name.endswith(".yaml")
    )


def read_preset(name: str) -> dict[str, Any]:
    """Returns a preset's keys.

    Raises:
        InputError: there is no such preset.
    """
    if name not in preset_names():
        raise unknown("preset", name, preset_names())
    loaded: dict[str, Any] = yaml.safe_load(
        resources.files("rft.config.presets").joinpath(f"{name}.yaml").read_text("utf-8")
    )
    return loaded


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise InputError(f"config {path} does not exist; `rft init {path}` writes a commented one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"config {path} cannot be read: {error}") from error
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"config {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise InputError(f"config {path} holds {type(data).__name__} at the top; keys and values are wanted")
    return data


def _nest(keys: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lays one tree over another. A component of another kind replaces the one below with all its options."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and value.get("kind", old.get("kind")) == old.get("kind"):
            merged[key] = _merge(old, value)
        else:
            merged[key] = value
    return merged


def _explain(error: ValidationError, where: str) -> InputError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        if key in MOVED:
            return InputError(f"{where}: key '{key}' is of an older layout; it is '{MOVED[key]}' now")
        return unknown("key", key, _sibling_keys(path), where=f" in {where}")
    if first["type"] == "missing":
        return InputError(f"{where}: key '{key}' is missing; it has no default")
    return InputError(f"{where}: key '{key}' is {first['input']!r}; {first['msg'][:1].lower()}{first['msg'][1:]}")


def _sibling_keys(path: Sequence[str]) -> list[str]:
    """The dotted keys allowed beside an unknown one."""
    section: Any = Config
    for part in path[:-1]:
        field = section.model_fields.get(part) if hasattr(section, "model_fields") else None
        section = field.annotation if field else section
    prefix = ".".join(path[:-1])
    return [f"{prefix}.{name}" if prefix else name for name in getattr(section, "model_fields", {})]
