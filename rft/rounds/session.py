"""One run at work: every stage of a round as a method that reads what is on disk, does what is missing, and stops.

A stage that is done leaves a fingerprint of all it depends on; it is done again only when that changes, and then what
hangs on it is put aside, not deleted. Samples are never thrown away and never drawn twice.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path

from rft.config.schema import Config
from rft.errors import InputError, RunError
from rft.exports.write import export, read_rows, write_rows
from rft.metrics.evaluation import Measurement, measure
from rft.models import identity
from rft.prompts.render import render
from rft.report.progress import Observer, Progress
from rft.rounds.estep import Draw, EStep, verdict_ids
from rft.seeds import derive_seed
from rft.selection.dedupe import distinct
from rft.selection.select import Funnel, Rules, select, to_row
from rft.store.files import write_json
from rft.store.run import Run, fingerprint, read_json
from rft.store.stage import StageFolder
from rft.types import JSON, Problem, Row, Sampler, SamplingParams, Trainer, Verifier

TRAIN_FILE = "prompt_completion.jsonl"


@dataclass
class Session:
    """An open run with the components that its config names."""

    config: Config
    run: Run
    base_model: str
    """A folder or a hub id."""
    verifiers: Mapping[str, Verifier]
    close_verifiers: Callable[[], None]
    """Ends their processes, and the sandbox of those that run programs."""
    open_sampler: Callable[[str], Sampler]
    """Model -> sampler; the engine starts when the first sample is asked for."""
    trainer: Trainer | None
    observer: Observer
    _engine: tuple[str, Sampler] | None = field(default=None, init=False)

    # -- the stages of a round

    def sample(self, number: int, judge: bool = True) -> Progress:
        """E-step of a round: draws and judges what is missing.

        Raises:
            InputError: a later round builds on this one, or what is there was drawn from another model.
        """
        config = self.config
        draw = Draw(
            problems=lambda: self.problems_of(number),
            render=lambda problem: render(problem, config.prompt),
            n=config.sampling.n,
            params=config.sampling.params(),
            round=number,
            seed=config.seed,
        )
        self._refuse_if_built_upon(number)
        model = self.model_before(number)
        self._bind(self.run.round(number), model)
        with self._stage("sample", round=number):
            sampler = self.sampler(model)
            return self.estep(self.run.round(number), f"round {number}").run(draw, sampler, judge)

    def verify(self, number: int) -> Progress:
        """Judges what has no verdict yet, and again what could not be judged before."""
        self._require_samples(number)
        with self._stage("verify", round=number):
            return self.estep(self.run.round(number), f"round {number}").verify(self.problems_of(number), True)

    def select(self, number: int) -> dict[str, JSON]:
        """Chooses the training rows of a round and returns the funnel: how many each step dropped."""
        self._require_samples(number)
        folder = StageFolder(self.run.round(number))
        verdicts = [(name, sorted(t.masks.items())) for name, t in sorted(folder.tallies(self.verifier_ids).items())]
        mark = fingerprint(self.config.select.model_dump(), self.verifier_ids, self.config.seed, verdicts)
        recorded = read_json(folder.path / "funnel.json")
        if recorded.get("fingerprint") == mark and (folder.path / "selected.parquet").exists():
            return dict(recorded["funnel"])
        self._refuse_if_built_upon(number)
        with self._stage("select", round=number):
            counts = Funnel()
            write_rows(folder.path / "selected.parquet", self._select(folder, number, counts))
            funnel = counts.to_json()
            write_json(folder.path / "funnel.json", {"fingerprint": mark, "funnel": funnel})
        return funnel

    def export(self, number: int) -> Path:
        """Writes the training files of a round and returns the one that trainers read."""
        out = self.run.round(number) / "export"
        with self._stage("export", round=number):
            export(distinct(chain.from_iterable(map(read_rows, self._selected(number)))), out)
        return out / TRAIN_FILE

    def train(self, number: int) -> str:
        """M-step of a round: returns the new model, trained now or before.

        Raises:
            RunError: no row was selected.
            TrainerError: training failed.
        """
        assert self.trainer is not None
        folder = self.run.round(number) / "train"
        start = self.base_model if self.config.train.start == "base" else self.model_before(number)
        rows = [_file_hash(file) for file in self._selected(number)]
        mark = fingerprint(self.config.train.model_dump(), rows, identity(start))
        recorded = read_json(folder / "model.json")
        if recorded.get("fingerprint") == mark and (self.run.path / recorded["path"]).exists():
            return str(self.run.path / recorded["path"])
        self._refuse_if_built_upon(number)
        if recorded:
            self.run.supersede(number, ["train", "eval"])
        dataset = self.export(number)
        if not dataset.stat().st_size:
            raise RunError(
                f"round {number} selected no sample, so there is nothing to train on; draw more (sampling.n), or begin "
                "with easier problems or a stronger model"
            )
        self.release_engine()
        with self._stage("train", round=number):
            began = time.monotonic()
            self.observer.note("train", f"round {number}: training {start}", round=number)
            model = self.trainer.fit(dataset, start, folder)
            facts = {"path": str(model.relative_to(self.run.path)), "fingerprint": mark, "start": start}
            n_rows = sum(1 for _ in dataset.open("rb"))
            write_json(
                folder / "model.json", {**facts, "n_rows": n_rows, "train_s": round(time.monotonic() - began, 1)}
            )
        return str(model)

    def evaluate(self, folder: Path, model: str, title: str) -> Measurement:
        """Measures a model on the held-out problems; samples that are there already are used."""
        config = self.config
        temperature = config.eval.temperature
        changes: dict[str, float] = {} if temperature is None else {"temperature": temperature}
        draw = Draw(
            problems=lambda: self.run.problems(held_out=True),
            render=lambda problem: render(problem, config.prompt),
            n=config.eval.n,
            params=SamplingParams(**(asdict(config.sampling.params()) | changes)),
            round=0,
            seed=derive_seed(config.seed, "eval", title),
        )
        self._bind(folder, model)
        with self._stage("evaluate", of=title):
            self.estep(folder, title).run(draw, self.sampler(model))
        measured = self.measure(folder, self.run.problems(held_out=True), config.eval.k)
        write_json(folder / "metrics.json", {"model": model, **measured.summary.to_json()})
        return measured

    # -- what the stages share

    def check_trainer(self) -> None:
        """Lets the trainer say what is wrong before a sample is drawn, unless all rounds are trained already."""
        trained = [
            (self.run.round(number) / "train" / "model.json").exists() for number in range(self.config.loop.rounds)
        ]
        check = getattr(self.trainer, "check", None)
        if check is not None and not all(trained):
            check()

    def measure(self, folder: Path, problems: Iterable[Problem], ks: tuple[int, ...]) -> Measurement:
        """Returns the figures of a folder of samples and verdicts."""
        tallies = StageFolder(folder).tallies(self.verifier_ids)
        return measure((p.id for p in problems), tallies, ks, self.config.eval, self.config.seed)

    def problems_of(self, number: int) -> Iterator[Problem]:
        """Yields the problems of a round: all, or the next ``problems_per_round`` in turn."""
        size = self.config.loop.problems_per_round
        if size is None:
            yield from self.run.problems(held_out=False)
            return
        total = sum(1 for _ in self.run.problems(held_out=False))
        start = number * size % total
        size = min(size, total)
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

    def eval_folder(self, model: str) -> Path:
        """Returns where a model's evaluation lives: that of a round, the baseline, or one of its own by fingerprint."""
        if model == self.base_model:
            return self.run.path / "baseline" / "eval"
        folder = Path(model).resolve()
        for parent in (folder, *folder.parents):
            if parent.name == "train" and parent.parent.parent == self.run.path.resolve():
                return self.run.path / parent.parent.name / "eval"
        return self.run.path / "evals" / f"{folder.name}-{identity(model)[:12]}"

    def is_built_upon(self, number: int) -> bool:
        """Whether a later round has samples, so that this one must stay as it is."""
        return any((self.run.round(number + 1) / "samples").glob("*"))

    @property
    def verifier_ids(self) -> list[str]:
        """The ids under which this session's verdicts are stored."""
        return verdict_ids(self.verifiers)

    def estep(self, folder: Path, title: str) -> EStep:
        """Returns the E-step that works in a folder."""
        return EStep(StageFolder(folder), self.verifiers, self.config.verify, self.observer, title)

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

    def _select(self, folder: StageFolder, number: int, funnel: Funnel) -> Iterator[Row]:
        config = self.config.select
        rules = Rules(
            false_equations=config.false_equations == "drop",
            dedupe=config.dedupe == "text",
            cap=config.cap,
            low_trust=config.low_trust == "drop",
        )
        found = folder.groups(self.problems_of(number), self.verifier_ids)
        groups = ((group.problem, group.judged()) for group in found)
        for problem, kept in select(groups, rules, self.config.seed, self.run.held_out_ids(), funnel):
            prompt = render(problem, self.config.prompt)
            yield from (to_row(problem, prompt, one) for one in kept)

    def _selected(self, number: int) -> list[Path]:
        """The files whose rows a round trains on."""
        first = 0 if self.config.train.data == "all" else number
        files = [self.run.round(earlier) / "selected.parquet" for earlier in range(first, number + 1)]
        for file in files:
            if not file.exists():
                raise InputError(f"{file} is not there; select that round's rows first: rft select {self.run.path}")
        return files

    def _bind(self, folder: Path, model: str) -> None:
        """Notes which model the samples of a folder come from; another one's would not mix with them."""
        known, now = read_json(folder / "model.json"), identity(model)
        if known and known["identity"] != now and any((folder / "samples").glob("*")):
            raise InputError(
                f"the samples in {folder} were drawn from {known['model']} ({known['identity']}); {model} is another "
                f"model ({now}). Put the old one back, or start a new run with name=..."
            )
        if known.get("identity") != now:
            write_json(folder / "model.json", {"model": model, "identity": now})

    def _refuse_if_built_upon(self, number: int) -> None:
        if self.is_built_upon(number):
            raise InputError(
                f"round {number} of {self.run.path} is closed: round {number + 1} was drawn from its model. To try "
                f"something else with its samples, copy the run's folder and delete round-{number + 1:03d} there"
            )

    def _require_samples(self, number: int) -> None:
        if not (self.run.round(number) / "samples").is_dir():
            there = [folder.name for folder in sorted(self.run.path.glob("round-*"))]
            raise InputError(
                f"{self.run.path} has no samples of round {number}; there are: {', '.join(there) or 'none'}"
            )

    @contextmanager
    def _stage(self, name: str, **facts: JSON) -> Iterator[None]:
        began = time.monotonic()
        self.run.note("begin", stage=name, **facts)
        yield
        self.run.note("end", stage=name, seconds=round(time.monotonic() - began, 3), **facts)


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
