"""One run at work: the components that its config names, and what all stages ask of them.

Each stage is a function of a session and a round in a file of its own: ``sample``, ``select``, ``train``, ``evaluate``,
``rejudge``. A stage reads what is on disk, does what is missing, and stops. Samples are never thrown away and never
drawn twice; what a change outdates is put aside, not deleted (see ``rft.rounds.inputs.once``).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rft.checked.trainer import CheckedTrainer
from rft.config.schema import Config
from rft.metrics.evaluation import Measurement, measure
from rft.report.progress import Observer
from rft.rounds.estep import EStep, verdict_ids
from rft.rounds.inputs.identity import note
from rft.rounds.inputs.references import marked
from rft.store.run import Run
from rft.store.stage import StageFolder
from rft.types import JSON, Sampler, Verifier


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
    trainer: CheckedTrainer | None
    observer: Observer
    previous_verifier_ids: list[str] = field(default_factory=list)
    """Under which verdicts were stored when the run was last open; empty in a new one."""
    _engine: tuple[str, Sampler] | None = field(default=None, init=False)
    _folder: StageFolder | None = field(default=None, init=False)

    @property
    def verifier_ids(self) -> list[str]:
        """The ids under which this session's verdicts are stored."""
        return verdict_ids(self.verifiers)

    def use_references(self, mark: str | None) -> None:
        """Stores verdicts under ids that belong to the run's present references (``rft.rounds.inputs.references``)."""
        self.verifiers = marked(self.verifiers, mark)
        note(self.run, verifiers=self.verifier_ids)

    def check_trainer(self) -> None:
        """Lets the trainer say what is wrong with its options, before a sample is drawn or an old model put aside."""
        if self.trainer is not None:
            self.trainer.check()

    def folder(self, path: Path) -> StageFolder:
        """Returns the samples and verdicts in a folder; the last one is kept, with what was counted there."""
        if self._folder is None or self._folder.path != path:
            self._folder = StageFolder(path)
        return self._folder

    def estep(self, folder: Path, title: str) -> EStep:
        """Returns the E-step that works in a folder."""
        return EStep(self.folder(folder), self.verifiers, self.config.verify, self.observer, title)

    def measure(self, folder: Path, problem_ids: Iterable[str], ks: tuple[int, ...]) -> Measurement:
        """Returns the figures of a folder of samples and verdicts."""
        tallies = self.folder(folder).tallies(self.verifier_ids)
        return measure(problem_ids, tallies, ks, self.config.eval, self.config.seed)

    @contextmanager
    def stage(self, name: str, **facts: JSON) -> Iterator[None]:
        """Notes in the timeline that a stage begins, and that it has ended well."""
        began = time.monotonic()
        self.run.note("begin", stage=name, **facts)
        yield
        self.run.note("end", stage=name, seconds=round(time.monotonic() - began, 3), **facts)

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
