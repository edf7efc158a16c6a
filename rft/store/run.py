"""The run directory: its name, what is in it, and the promise that two runs never mix.

config.yaml  resolved.json  environment.json  lock
inputs.json  references/          what the figures belong to (see ``rft.rounds.inputs``)
problems.parquet  split.json      the problems and which of them are held out: fixed before round 0
baseline/eval/                    the base model on the held-out problems
round-000/  samples/ verdicts/    the E-step (see ``rft.store.stage``)
            selected.parquet  funnel.json
            export/  train/  eval/
metrics.json  timeline.jsonl  logs/
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rft.errors import InputError
from rft.store.environment import environment
from rft.store.files import write_json
from rft.store.lock import Lock
from rft.store.log import is_begun
from rft.store.problems import read_ids, read_problems, read_verifier_names, write_problems
from rft.types import JSON, Problem

PROBLEMS = "problems.parquet"
MAY_CHANGE = (
    "verify.",
    "sampler.",
    "select.",
    "export.",
    "train.",
    "verifiers.",
    "sandbox.",
    "runs",
    "name",
    "sampling.n",
    "sampling.budget",
    "eval.n",
    "eval.k",
    "eval.confidence",
    "eval.resamples",
    "loop.rounds",
    "trackers",
)
"""Keys that may differ from those a run was started with. The loop redoes the stages that depend on them, or refuses.
With a larger n it tops up; with a smaller one, what is there stays and counts."""

STAGES = ("round-*", "baseline/eval", "round-*/eval", "evals/*")
"""The folders of a run that samples are drawn into: rounds, and evaluations of the base, a round's and other models."""

CheckInputs = Callable[["Run", Mapping[str, JSON], bool], None]


@dataclass
class Run:
    """An open run directory, locked for this process."""

    path: Path
    _lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        self._lock = Lock(self.path / "lock")

    @classmethod
    def open(
        cls,
        path: Path,
        resolved: Mapping[str, JSON],
        config_text: str,
        inputs: "CheckInputs | None" = None,
        locked: bool = True,
    ) -> "Run":
        """Opens a run directory, or makes it. After opening an old one, call ``record_config`` once all is checked.

        Args:
            path: the folder.
            resolved: the whole config as JSON values.
            config_text: the config as the user wrote it.
            inputs: is called with the run, the config it was last opened with and whether it holds samples; refuses
                inputs that its figures do not belong to, before anything is written.
            locked: False takes no lock, for file systems that have none.

        Raises:
            InputError: another live process works on it, it holds something else, or the config changed in a way
                that would mix two runs.
        """
        _refuse_strangers(path)
        run = cls(path)
        if locked:
            run._lock.acquire()
        path.mkdir(parents=True, exist_ok=True)
        try:
            before = run._recorded_config()
            if run.has_samples():
                run._check_config(before, resolved)
            else:
                (path / "split.json").unlink(missing_ok=True)  # nothing was drawn: the problems are chosen anew
            if inputs is not None:
                inputs(run, before, run.has_samples())
            run._note_start(config_text)
            if not before:
                run.record_config(resolved)
        except BaseException:
            run.close()
            raise
        return run

    def record_config(self, resolved: Mapping[str, JSON]) -> None:
        """Writes the config that the run's figures belong to; a new run has it from the start."""
        write_json(self.path / "resolved.json", resolved)

    def close(self) -> None:
        """Releases the lock. Safe to call twice."""
        self._lock.release()

    def round(self, number: int) -> Path:
        """Returns the folder of a round."""
        return self.path / f"round-{number:03d}"

    def samples(self, number: int) -> Path:
        """Returns the folder of a round's samples.

        Raises:
            InputError: there is none; the rounds that are there are named.
        """
        folder = self.round(number) / "samples"
        if not folder.is_dir():
            there = [path.name for path in sorted(self.path.glob("round-*"))]
            raise InputError(f"{self.path} has no samples of round {number}; there are: {', '.join(there) or 'none'}")
        return folder

    def has_samples(self) -> bool:
        """Whether anything was sampled in it, so that figures belong to its config and inputs."""
        return bool(self.sampled_folders())

    def sampled_folders(self) -> list[Path]:
        """Returns every folder of a round or an evaluation that holds samples."""
        return [path for pattern in STAGES for path in sorted(self.path.glob(pattern)) if holds_samples(path)]

    def has_problems(self) -> bool:
        """Whether problems and split are fixed already."""
        return (self.path / "split.json").exists()

    def write_problems(self, problems: Iterable[tuple[Problem, bool]], facts: Mapping[str, JSON]) -> None:
        """Fixes the problems, each with whether it is held out, and the split. Done once, before round 0."""
        held_out: list[str] = []

        def noted() -> Iterator[tuple[Problem, bool]]:
            for problem, held in problems:
                if held:
                    held_out.append(problem.id)
                yield problem, held

        self.replace_problems(noted())
        write_json(self.path / "split.json", {**facts, "held_out": held_out})

    def replace_problems(self, problems: Iterable[tuple[Problem, bool]]) -> None:
        """Writes the problems, each with whether it is held out; the split must stay what it is."""
        write_problems(self.path / PROBLEMS, problems)

    def problems(self, held_out: bool) -> Iterator[Problem]:
        """Yields the problems to train on, or those held out, in their fixed order."""
        return read_problems(self.path / PROBLEMS, held_out)

    def all_problems(self) -> Iterator[Problem]:
        """Yields every problem, those held out first."""
        yield from self.problems(held_out=True)
        yield from self.problems(held_out=False)

    def problem_ids(self, held_out: bool) -> Iterator[str]:
        """Yields the ids of ``problems``, in the same order; prompts and references are not read."""
        return read_ids(self.path / PROBLEMS, held_out)

    def count_problems(self, held_out: bool) -> int:
        """Returns how many problems there are to train on, or held out."""
        return sum(1 for _ in self.problem_ids(held_out))

    def verifier_names(self) -> dict[str, str]:
        """Returns every verifier that a problem names -> the id of the first such problem."""
        return read_verifier_names(self.path / PROBLEMS)

    def held_out_ids(self) -> frozenset[str]:
        """Returns the ids that must never reach a training set."""
        return frozenset(json.loads((self.path / "split.json").read_text("utf-8"))["held_out"])

    def note(self, event: str, **facts: JSON) -> None:
        """Adds a line to ``timeline.jsonl``."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **facts}, ensure_ascii=False) + "\n"
        with (self.path / "timeline.jsonl").open("a", encoding="utf-8") as timeline:
            timeline.write(line)

    def supersede(self, round_number: int, names: Iterable[str]) -> Path | None:
        """Puts stage results that no longer hold into a numbered folder beside them, and returns it.

        Nothing is deleted. None: none of them was there.
        """
        folder = self.round(round_number)
        present = [folder / name for name in names if (folder / name).exists()]
        if not present:
            return None
        number = len(list(folder.glob("superseded-*"))) + 1
        attic = folder / f"superseded-{number:03d}"
        attic.mkdir()
        for path in present:
            path.rename(attic / path.name)
        return attic

    def _recorded_config(self) -> dict[str, JSON]:
        recorded = self.path / "resolved.json"
        try:
            return dict(json.loads(recorded.read_text("utf-8"))) if recorded.exists() else {}
        except ValueError as error:
            raise InputError(f"{recorded} is damaged ({error}); restore it or choose another name") from error

    def _check_config(self, old: Mapping[str, JSON], resolved: Mapping[str, JSON]) -> None:
        before, after = flatten(old), flatten(resolved)
        changed = [key for key in sorted({*before, *after}) if not _allowed(key, before.get(key), after.get(key))]
        if changed:
            shown = "; ".join(f"{key}: {before.get(key)!r} -> {after.get(key)!r}" for key in changed[:4])
            more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
            raise InputError(
                f"{self.path} holds another run: its config differs in {shown}{more}. Its samples would not mix with "
                "the new ones: undo the change, or start a new run with name=..."
            )

    def _note_start(self, config_text: str) -> None:
        (self.path / "logs").mkdir(exist_ok=True)
        if not (self.path / "config.yaml").exists():
            (self.path / "config.yaml").write_text(config_text, "utf-8")
        write_json(self.path / "environment.json", environment())


def holds_samples(folder: Path) -> bool:
    """Whether anything was drawn into the folder of a round or an evaluation."""
    return is_begun(folder / "samples")


def flatten(tree: JSON, prefix: str = "") -> dict[str, JSON]:
    """Returns dotted key -> leaf of a tree of objects.

    >>> flatten({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    if not isinstance(tree, Mapping):
        return {prefix.removesuffix("."): tree}
    return {key: leaf for name, branch in tree.items() for key, leaf in flatten(branch, f"{prefix}{name}.").items()}


def _refuse_strangers(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; a run needs a folder: choose another name=...")
    if path.is_dir() and not (path / "resolved.json").exists():
        strangers = sorted(
            {p.name for p in path.iterdir()} - {"lock", "logs", "config.yaml", "environment.json", "inputs.json"}
        )
        if strangers:
            raise InputError(f"{path} is not a run: it holds {', '.join(strangers[:3])}; choose another name=...")


def _allowed(key: str, before: JSON, after: JSON) -> bool:
    if key.startswith("task.") and isinstance(after, str) and Path(after).is_absolute():
        return True  # a file: its content counts, which is compared as an input
    if key == "model" and isinstance(before, str) and isinstance(after, str):
        return True  # likewise
    return before == after or (key.startswith(MAY_CHANGE) and key != "sampler.kind")
