"""One run at work: the components that its config names, and what all stages ask of them.

Each stage is a function of a session and a round in a file of its own: ``sample``, ``select``, ``train``, ``evaluate``,
``rejudge``. A stage reads what is on disk, does what is missing, and stops. Samples are never thrown away and never
drawn twice; what a change outdates is put aside, not deleted (see ``rft.rounds.once``).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rft.config.schema import Config
from rft.errors import InputError
from rft.metrics.evaluation import Measurement, measure
from rft.report.progress import Observer
from rft.rounds.estep import EStep, verdict_ids
from rft.store.run import Run, read_json
from rft.store.stage import StageFolder
from rft.types import JSON, Problem, Sampler, Trainer, Verifier


@dataclass
class Session:
    """An open run with the components that its config names."""

    config: Config
    run: Run
    base_model: str
    """A folder or a hub id; empty where nothing in the run needs a model."""
    verifiers: Mapping[str, Verifier]
    close_verifiers: Callable[[], None]
    """Ends their processes, and the sandbox of those that run programs."""
    open_sampler: Callable[[str], Sampler]
    """Model -> sampler; the engine starts when the first sample is asked for."""
    trainer: Trainer | None
    observer: Observer
    previous_verifier_ids: list[str] = field(default_factory=list)
    """Under which verdicts were stored when the run was last open; empty in a new one."""
    _engine: tuple[str, Sampler] | None = field(default=None, init=False)

    # -- which problems and which model

    def n_training_problems(self) -> int:
        """Returns how many problems rounds may sample: those that are not held out."""
        return self.run.count_problems(held_out=False)

    def problems_of(self, number: int) -> Iterator[Problem]:
        """Yields the problems of a round: all, or the next ``problems_per_round`` in turn."""
        size, total = self.config.loop.problems_per_round, self.n_training_problems()
        if size is None or size >= total:
            yield from self.run.problems(held_out=False)
            return
        start = number * size % total
        yield from islice(self.run.problems(held_out=False), start, start + size)
        yield from islice(self.run.problems(held_out=False), max(0, start + size - total))

    def model_before(self, number: int) -> str:
        """Returns the model that a round samples from.

        Raises:
            InputError: the round before has no model yet.
        """
        if number == 0:
            return self.base_model
        recorded = read_json(self.run.round(number - 1) / "train" / "model.json")
        if not recorded:
            raise InputError(f"round {number - 1} of {self.run.path} has no trained model yet; train it first")
        return str(self.run.path / recorded["path"])

    # -- what stages refuse

    def check_trainer(self) -> None:
        """Lets the trainer say what is wrong before a sample is drawn, unless all rounds are trained already."""
        trained = [
            (self.run.round(number) / "train" / "model.json").exists() for number in range(self.config.loop.rounds)
        ]
        check = getattr(self.trainer, "check", None)
        if check is not None and not all(trained):
            check()

    def is_built_upon(self, number: int) -> bool:
        """Whether a later round has samples, so that this one must stay as it is."""
        return any((self.run.round(number + 1) / "samples").glob("*"))

    def refuse_if_built_upon(self, number: int) -> None:
        """Protects a round from which a later one was drawn.

        Raises:
            InputError: a later round has samples.
        """
        if self.is_built_upon(number):
            raise InputError(
                f"round {number} of {self.run.path} is closed: round {number + 1} was drawn from its model. To try "
                f"something else with its samples, copy the run's folder and delete round-{number + 1:03d} there"
            )

    def require_samples(self, number: int) -> None:
        """Refuses a round that has no samples.

        Raises:
            InputError: it has none; the rounds that have are named.
        """
        if not (self.run.round(number) / "samples").is_dir():
            there = [folder.name for folder in sorted(self.run.path.glob("round-*"))]
            raise InputError(
                f"{self.run.path} has no samples of round {number}; there are: {', '.join(there) or 'none'}"
            )

    # -- the pieces that stages work with

    @property
    def verifier_ids(self) -> list[str]:
        """The ids under which this session's verdicts are stored."""
        return verdict_ids(self.verifiers)

    def estep(self, folder: Path, title: str) -> EStep:
        """Returns the E-step that works in a folder."""
        return EStep(StageFolder(folder), self.verifiers, self.config.verify, self.observer, title)

    def measure(self, folder: Path, problems: Iterable[Problem], ks: tuple[int, ...]) -> Measurement:
        """Returns the figures of a folder of samples and verdicts."""
        tallies = StageFolder(folder).tallies(self.verifier_ids)
        return measure((p.id for p in problems), tallies, ks, self.config.eval, self.config.seed)

    @contextmanager
    def stage(self, name: str, **facts: JSON) -> Iterator[None]:
        """Notes in the timeline that a stage begins, and that it has ended well."""
        began = time.monotonic()
        self.run.note("begin", stage=name, **facts)
        yield
        self.run.note("end", stage=name, seconds=round(time.monotonic() - began, 3), **facts)

    # -- lifecycle

    def sampler(self, model: str) -> Sampler:
        """Returns the sampler of a model; another model's engine is ended first."""
        if self._engine is None or self._engine[0] != model:
            self.release_engine()
            self._engine = (model, self.open_sampler(model))
        return self._engine[1]

    def release_engine(self) -> None:
        """Ends the engine, so that its memory is free for training."""
        if self._engine is not None:
            self._engine[1].close()
            self._engine = None

    def close(self) -> None:
        """Ends every process of the session and lets the run go."""
        self.release_engine()
        self.close_verifiers()
        self.run.close()
