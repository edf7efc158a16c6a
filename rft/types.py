"""The records that travel the line and the protocols of the stations on it. Read this file first.

    Task -> Problem -> Sampler -> Sample -> Verifier -> Verdict -> selection -> Row -> Trainer

Everything here is plain data or a seam with one main method; the module imports the standard library only, so any
process (an engine, a checker, a test) can load it in milliseconds.

A component of your own is a dataclass with the one method of its protocol (``problems``, ``sample``, ``verify``,
``fit``, ``keep``, ``n``); its fields are its options in a config. It is named there as ``module:Class``. Whatever else
it may say is listed in ``Hooks``, with what holds when it says nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypedDict

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
    NO_CODE = "no_code"
    MISSING_ENTRY_POINT = "missing_entry_point"
    COMPILE_ERROR = "compile_error"
    RUNTIME_ERROR = "runtime_error"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    DISK_LIMIT = "disk_limit"
    FORBIDDEN = "forbidden"
    """The program did what no answer needs: a system call that only an attack makes."""
    SANDBOX_ERROR = "sandbox_error"
    VERIFIER_ERROR = "verifier_error"
    BAD_REFERENCE = "bad_reference"
    UNDECIDED = "undecided"


class FinishReason(StrEnum):
    """Why the engine stopped writing."""

    STOP = "stop"
    LENGTH = "length"


class Trust(StrEnum):
    """How far a verdict is out of the candidate's reach."""

    FULL = "full"
    """What decides never shared a process with the candidate."""
    LOW = "low"
    """Tests and candidate had to share a process, or the tests asked the candidate's own objects for their opinion.
    Kept out of training sets by default."""


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
    """The bare question; examples, system prompt and template are added by ``rft.prompts.render.render``."""
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
    verifier: str = ""
    """Name, version and hash of the settings: ``math-2-5f3a9c02``. A verifier may leave it out: it is filled in."""
    reason: Reason | None = None
    extracted: str | None = None
    """The answer that was judged, as it stood in the completion."""
    detail: str | None = None
    """For people: which rule fired, which error was seen."""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    trust: Trust = Trust.FULL

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


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution may use. Each holds for the program and all that it starts."""

    cpu_s: float = 10.0
    """Seconds on the processor, of any one process; rounded up to whole seconds."""
    wall_s: float = 10.0
    """Seconds by the clock from the program's start; time spent waiting for a processor is not counted."""
    memory_mib: int = 512
    """Memory in MiB on top of what the bare interpreter takes."""
    output_kib: int = 1024
    """KiB of stdout, and as much again of stderr; a program that writes more is stopped."""
    processes: int = 64
    """Processes and threads at the same time."""
    disk_mib: int = 64
    """MiB of files in its private folder, which is in memory."""


MOST = Limits(cpu_s=300.0, wall_s=300.0, memory_mib=8192, output_kib=16384, processes=512, disk_mib=2048)
"""The largest limits that may be asked for."""


class Status(StrEnum):
    """How an execution ended."""

    EXITED = "exited"
    """By itself; the exit code says how."""
    SIGNALED = "signaled"
    """By a signal that no limit explains, a crash for instance."""
    COMPILE_ERROR = "compile_error"
    """It never began: the compiler refused it; stderr is the compiler's."""
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"
    DISK_LIMIT = "disk_limit"
    FORBIDDEN = "forbidden"
    """Killed for a system call that only an attack makes (ptrace, mount, namespaces, kernel modules, …)."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to be run: hostile until proved otherwise."""

    source: str
    language: str = "python"
    """A key of ``rft.sandboxes.languages.LANGUAGES``."""
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """What happened when a program ran: facts, never a verdict."""

    status: Status
    exit_code: int | None
    """None when it did not end by itself."""
    signal: int | None
    stdout: str
    """Decoded as UTF-8, what is not UTF-8 replaced; at most ``Limits.output_kib``."""
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    cpu_s: float
    wall_s: float
    peak_memory_mib: float
    """Largest resident set of any one of its processes, in MiB."""
    enforced: frozenset[str]
    """Names of the fields of Limits that were really enforced, with ``isolation`` when the program could not reach
    the host."""
    backend: str
    image: str | None = None
    """Digest of the container image."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What happened when a candidate was examined by a tester in a process of its own: facts of both."""

    candidate: Execution
    tester: Execution
    report: JSON
    """What the tester said (see ``rft.sandboxes.inside.exam.tester``); None when it ended without a word."""


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
        """Ends the engine's processes and gives their memory back. Safe to call twice. May be left out."""
        ...


class Sandbox(Protocol):
    """Runs untrusted programs within limits and says what happened. Thread-safe; as many at a time as it has slots."""

    backend: str
    """Its name and what it isolates with, for people."""
    slots: int
    """Executions at the same time; further callers wait."""
    has_exams: bool
    """Whether it has a second process to offer for tests; else ``examine`` raises SandboxError."""

    def run(self, program: Program, limits: Limits) -> Execution:
        """Runs one program to its end, compiled first where its language asks for it.

        Raises:
            SandboxError: the sandbox failed, not the program: nothing is known of it, and it may be run again.
            InputError: the language is unknown or not installed there.
        """
        ...

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        """Loads a candidate in one process and its tests in another, between which only plain values cross.

        Args:
            candidate: a program in a language that has a call form (python, javascript).
            exam: what ``rft.sandboxes.inside.exam.tester.examine`` takes.
            limits: for the candidate; the tester ends with it.

        Raises:
            SandboxError: the sandbox failed, or has no second process to offer.
            InputError: the language is unknown, not installed there, or has no call form.
        """
        ...

    def alone(self) -> AbstractContextManager[None]:
        """While it is held by a thread, nothing else runs in this sandbox."""
        ...

    def close(self) -> None:
        """Ends everything that it started and leaves nothing behind. Safe to call twice."""
        ...


class Verifier(Protocol):
    """Judges completions against a problem's reference. Never raises for what a completion holds."""

    id: str
    """Name, version and hash of the settings. Equal ids mean equal verdicts. May be left out: see ``Hooks.id``."""

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem together; one verdict per completion, in order. Thread-safe."""
        ...

    def close(self) -> None:
        """Ends worker processes, if there are any. Safe to call twice. May be left out."""
        ...


class Budget(Protocol):
    """Says how many samples a problem gets in a round."""

    def n(self, problem: Problem, most: int) -> int:
        """Returns how many samples a problem gets: from 0 to ``most``, the same at every call.

        Args:
            problem: whose turn it is.
            most: ``sampling.n`` of the config.
        """
        ...


class Filter(Protocol):
    """Looks at one correct sample and says why it is not training data, if so."""

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns the reason in a word or two, as the funnel shows it (``too_long``), or None for a sample that stays.

        Must depend on nothing but its arguments and the filter's own fields, so that every run repeats.
        """
        ...


class Format(Protocol):
    """A form in which selected rows are written; the name of its files is its name in the config."""

    def schema(self, plain: bool) -> Any:
        """Returns the columns as a ``pyarrow.Schema``, or None where such rows cannot be written in this form.

        Args:
            plain: whether prompts are plain text; else they are chat messages.
        """
        ...

    def record(self, row: Row) -> Mapping[str, JSON]:
        """Returns one line: a value for every column of the schema."""
        ...


class Trainer(Protocol):
    """The M-step: makes the next model."""

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        """Fine-tunes ``base_model`` on ``dataset`` and returns the folder of a model that an engine can load.

        Args:
            dataset: a JSONL file of prompt and completion (see ``rft.exports.write``).
            base_model: a folder or a hub id.
            out: a folder for the model, logs and checkpoints; may hold what an interrupted attempt left.

        Raises:
            InputError: the trainer is not installed, or the data does not fit the model.
            TrainerError: training failed, or wrote nothing that can be loaded.
        """
        ...


Need = Literal["model", "sandbox", "sampler"]
"""What a component may ask for: a model (a folder or hub id, as text), a ``Sandbox``, a ``Sampler``."""


class Hooks:
    """What a component may say beside its one method. Here is what holds when it says nothing.

    A component says something by having a member of that name; there is no need to inherit. Nobody but
    ``rft.registry.declared`` reads these members.
    """

    needs: ClassVar[frozenset[Need]] = frozenset()
    """Any component: what it must be given before it is used. It is a field where there is one of that name, and is
    handed over with ``provide`` where there is none. A model that is needed is resolved before the run begins."""

    def provide(self, name: Need, thing: Any) -> None:
        """Any component: takes one thing that it needs, before its first use. Whoever made the thing closes it."""

    def check(self) -> None:
        """Trainers: finds what can be known to be wrong before the first sample is drawn.

        Raises:
            InputError: an option is wrong, or something is missing on this machine.
        """

    def close(self) -> None:
        """Samplers and verifiers: ends what it started. Called once at the end, and safe to call twice."""

    id: str = ""
    """Verifiers: name, version and hash of the settings. Equal ids mean equal verdicts, so stored verdicts are kept
    while the id stays the same. Left out: made from the class's name, its fields and the text of its module."""

    splits: tuple[str, ...] | None = None
    """Tasks: the names of its splits, an attribute or a property. None: they cannot be known without the data."""

    pace: ClassVar[frozenset[str]] = frozenset()
    """Samplers: the options that change how fast samples come, never what is drawn; they may change during a run."""

    log: Path | None = None
    """Samplers: a field of this name is set to a file under the run's ``logs`` for what the engine prints."""

    on_progress: Callable[[Mapping[str, JSON]], None] | None = None
    """Trainers: is set before ``fit``. To be called with events: {"event": "step", "step": 3, "steps": 9, ...}."""
