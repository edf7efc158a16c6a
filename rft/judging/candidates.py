"""Completions to be judged once more: a task's own probes, the lines of a file, a run's stored samples."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rft.components import bare_verifiers, build_task, default_split, read_target
from rft.config.schema import parse_overrides
from rft.errors import InputError
from rft.judging.bare_file import lines
from rft.judging.probes import PROVERS, probes
from rft.judging.proof import N_EARLIER
from rft.store.run import Run
from rft.store.stage import StageFolder
from rft.tasks import TASKS
from rft.types import JSON, FinishReason, Problem

COMPARED = "math"
"""The verifier whose problems math-verify can judge too."""
JSONL = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion to be judged twice."""

    id: str
    problem: Problem
    completion: str
    truncated: bool = False
    """Cut off at the token cap: such a completion is not judged here, so it is not compared."""


# -- where completions come from


def candidates_of(
    target: str, options: Sequence[str], split: str | None, limit: int | None, number: int, skip_bad: bool
) -> tuple[Iterator[Candidate | None], Mapping[str, Mapping[str, JSON]]]:
    """Returns the completions that a target names, and the verifiers' options that go with them.

    Args:
        target: a JSONL file by its suffix, the folder of a run, or a task's name.
        options: key=value: of the task; for a file ``verifiers.NAME.OPTION``; for a run any key of its config.
        split: of a task.
        limit: the first so many problems of a task or run, or lines of a file.
        number: the round of a run.
        skip_bad: leave out lines of a file that cannot be read.

    Raises:
        InputError: there is no such target, or an option does not apply.
    """
    path = Path(target)
    if path.name.endswith(JSONL):
        return from_file(path, limit, skip_bad), bare_verifiers(options).options
    if target not in TASKS and (path.is_dir() or "/" in target):
        if not path.is_dir():
            raise InputError(f"there is no folder {target}; give a task's name, a JSONL file or a run's folder")
        return from_run(path, number, limit), read_target(path, options).verifiers
    task = build_task(target, parse_overrides(options))
    return from_task(task.problems(split or default_split(task)), limit), {}


def from_task(problems: Iterable[Problem], limit: int | None = None) -> Iterator[Candidate]:
    """Yields the probes of a task's problems: its references as answers, and near misses made from them."""
    earlier: deque[JSON] = deque(maxlen=N_EARLIER)
    for problem in islice(problems, limit):
        if problem.verifier != COMPARED:
            yield Candidate(problem.id, problem, "")
            continue
        for probe in list(probes(problem, PROVERS[COMPARED], earlier)):
            yield Candidate(f"{problem.id} ({probe.tried})", problem, probe.completion)
        earlier.append(problem.reference)


def from_file(source: Path, limit: int | None = None, skip_bad: bool = False) -> Iterator[Candidate | None]:
    """Yields the lines of a JSONL file as ``rft verify`` takes it; None for one that is left out.

    Raises:
        InputError: the file or a line cannot be read; told before the first line is yielded.
    """
    if not source.is_file():
        raise InputError(f"{source} is not a file; give a JSONL file with id, reference and completion")
    if not skip_bad:
        deque(lines(source, COMPARED, skip_bad), maxlen=0)
    for _, line in islice(lines(source, COMPARED, skip_bad), limit):
        if line is None:
            yield None
            continue
        problem, sample = line
        yield Candidate(problem.id, problem, sample.text, sample.finish_reason is FinishReason.LENGTH)


def from_run(folder: Path, number: int, limit: int | None = None) -> Iterator[Candidate]:
    """Yields the stored samples of a round, problem by problem; nothing in the run's folder is touched.

    Args:
        folder: of a run, which another process may be working on.
        number: which round.
        limit: the samples of the first so many problems only.

    Raises:
        InputError: that round has no samples.
    """
    run = Run(folder)
    run.samples(number)
    stage = StageFolder(run.round(number))
    sampled = (group for group in stage.groups(run.problems(False), []) if group.samples)
    for group in islice(sampled, limit):
        for sample in group.samples:
            cut = sample.finish_reason is FinishReason.LENGTH
            yield Candidate(f"{group.problem.id}#{sample.index}", group.problem, sample.text, cut)
