"""The records that travel the line and the protocols of the stations on it. Read this file first.

    Task -> Problem -> Sampler -> Sample -> Verifier -> Verdict -> selection -> Row -> Trainer

Everything here is plain data or a seam with one main method; the module imports the standard library only, so any
process (an engine, a checker, a test) can load it in milliseconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict

JSON = Any
"""A JSON value: None, bool, int, float, str, list or dict of these. The one place where ``Any`` is at home."""


class Message(TypedDict):
    """One turn of a chat, as every chat template takes it."""

    role: str
    content: str


Prompt = str | tuple[Message, ...]
"""Plain text (completed as it stands) or chat messages (rendered by the model's own chat template)."""


class Outcome(StrEnum):
    """What became of a sample. Only *correct* earns a reward."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    TRUNCATED = "truncated"
    """The token cap was hit: never training data, never mixed with the wrong answers."""
    UNJUDGED = "unjudged"
    """Our side failed: retried, then counted and shown, never part of a pass rate."""


class Reason(StrEnum):
    """Why an outcome is not *correct*."""

    WRONG_ANSWER = "wrong_answer"
    NO_ANSWER = "no_answer"
    SEVERAL_ANSWERS = "several_answers"
    TOKEN_LIMIT = "token_limit"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    VERIFIER_ERROR = "verifier_error"
    BAD_REFERENCE = "bad_reference"
    UNDECIDED = "undecided"


class FinishReason(StrEnum):
    """Why the engine stopped writing."""

    STOP = "stop"
    LENGTH = "length"


class Origin(StrEnum):
    """Where a sample comes from."""

    SAMPLED = "sampled"
    HINTED = "hinted"
    REPAIRED = "repaired"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Problem:
    """One question with all that is needed to judge an answer to it."""

    id: str
    prompt: Prompt
    """The bare question; examples, system prompt and template are added by ``rft.prompts.render``."""
    verifier: str
    """Name of the verifier that judges it, a key of ``rft.verifiers.VERIFIERS`` or ``module:Class``."""
    reference: JSON
    """What the verifier needs: gold answers, or tests."""
    task: str
    split: str
    metadata: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How candidates are drawn. The names and their meaning are vLLM's."""

    temperature: float = 0.7
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps all tokens."""
    min_p: float = 0.0
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Candidates of one problem that are still to be drawn. They share the prompt, hence its prefix cache."""

    problem_id: str
    prompt: Prompt
    """Rendered: with system prompt and examples."""
    round: int
    indices: tuple[int, ...]
    """Which candidates, e.g. ``(0, 1, 2, 3)``; after a resume only those that are missing."""
    seeds: tuple[int, ...]
    """One per index, derived from (run seed, round, problem, index): see ``rft.seeds``."""
    params: SamplingParams


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of one problem."""

    problem_id: str
    round: int
    index: int
    text: str
    n_tokens: int
    finish_reason: FinishReason
    engine: str
    """Engine and model that wrote it, e.g. ``vllm:runs/demo/round-000/train/model``."""
    seed: int | None
    """The seed of this very sample; None where the engine takes no seed per request."""
    origin: Origin = Origin.SAMPLED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says of one completion."""

    outcome: Outcome
    verifier: str
    """Name, version and hash of the settings: ``math-2-5f3a9c02``."""
    reason: Reason | None = None
    extracted: str | None = None
    """The answer that was judged, as it stood in the completion."""
    detail: str | None = None
    """For people: which rule fired, which error was seen."""
    cpu_s: float = 0.0
    wall_s: float = 0.0

    @property
    def reward(self) -> Literal[0, 1]:
        """1 for correct, else 0."""
        return 1 if self.outcome is Outcome.CORRECT else 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample beside its verdict, as selection takes it."""

    sample: Sample
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """One selected sample as it goes into the training set, with its lineage."""

    problem_id: str
    round: int
    index: int
    prompt: Prompt
    """Rendered exactly as it was sampled."""
    completion: str
    task: str
    engine: str
    verifier: str
    extracted: str | None
    n_tokens: int
    origin: Origin = Origin.SAMPLED


class Task(Protocol):
    """Where problems come from."""

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in a fixed order.

        Raises:
            InputError: the split is unknown, or the data is missing or malformed (file and line are named).
        """
        ...


class Sampler(Protocol):
    """Draws candidates from a model."""

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample exactly once, in the order in which they finish.

        Requests are taken lazily, a bounded number ahead. An engine that dies is restarted and what was in flight is
        drawn again.

        Raises:
            InputError: a prompt does not fit, the model cannot be loaded, the engine is not installed.
            EngineError: the engine died more often than is allowed.
        """
        ...

    def close(self) -> None:
        """Ends the engine's processes and gives their memory back. Safe to call twice."""
        ...


class Verifier(Protocol):
    """Judges completions against a problem's reference. Never raises for what a completion holds."""

    id: str
    """Name, version and hash of the settings. Equal ids mean equal verdicts."""

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem together; one verdict per completion, in order. Thread-safe."""
        ...

    def close(self) -> None:
        """Ends worker processes, if there are any. Safe to call twice."""
        ...


class Trainer(Protocol):
    """The M-step: makes the next model."""

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        """Fine-tunes ``base_model`` on ``dataset`` and returns the folder of a model that an engine can load.

        Args:
            dataset: a JSONL file of prompt and completion (see ``rft.export``).
            base_model: a folder or a hub id.
            out: a folder for the model, logs and checkpoints; may hold what an interrupted attempt left.

        Raises:
            InputError: the trainer is not installed, or the data does not fit the model.
            TrainerError: training failed, or wrote nothing that can be loaded.
        """
        ...
