"""Judges stored samples again: with other settings, or with corrected references. Nothing is sampled.

Verdicts belong to references. Those of a run's first references are stored under the verifier's own id
(``math-2-5f3a9c02``); after a correction they go under that id with a mark (``math-2-5f3a9c02-r1b2c3d4e``), and the old
ones stay where they are. A verdict on a problem whose reference did not change is copied, not judged again.
``references/<mark>.json`` in the run says what each mark stands for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rft.components import build_task
from rft.errors import InputError
from rft.rounds.inputs import CONFIG_ONLY, FILE, FileHashes, component_identity, reference_digest
from rft.rounds.session import Session
from rft.store.files import write_json
from rft.store.run import Run, fingerprint, read_json
from rft.store.stage import StageFolder, Tally
from rft.types import JSON, Outcome, Problem, Verdict, Verifier


@dataclass
class Marked:
    """A verifier whose verdicts are stored under an id of their own, because they belong to corrected references."""

    verifier: Verifier
    mark: str
    id: str = field(init=False)
    """The verifier's id and the mark of the references."""

    def __post_init__(self) -> None:
        self.id = f"{self.verifier.id}-r{self.mark}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges as the verifier does; the verdicts carry the marked id."""
        return [replace(verdict, verifier=self.id) for verdict in self.verifier.verify(problem, completions)]

    def close(self) -> None:
        """Ends the verifier's worker processes."""
        self.verifier.close()


@dataclass(frozen=True, slots=True)
class Flip:
    """A sample whose outcome is another than before."""

    stage: str
    """The folder in the run, e.g. ``round-000``."""
    problem_id: str
    index: int
    before: Outcome
    after: Outcome


@dataclass
class Rejudged:
    """What a second judging changed."""

    judged: int = 0
    changed_references: int = 0
    flips: list[Flip] = field(default_factory=list)


def rejudge(session: Session, number: int | None = None, references: bool = False) -> Rejudged:
    """Judges the stored samples that have no verdict under the present settings, and the unjudged ones again.

    Args:
        session: the open run; for ``references`` it was opened so that a changed task is allowed.
        number: only this round; None: every round and evaluation. Not with ``references``.
        references: read the task's references again, and judge what they changed.

    Raises:
        InputError: the task no longer holds a problem of the run, or asks another question under its id.
        UnjudgedError: too many samples could not be judged.
    """
    if number is not None:
        session.require_samples(number)
    result, before, standing = Rejudged(), read_references(session.run), session.verifier_ids
    if session.previous_verifier_ids:
        standing = session.previous_verifier_ids
    if references:
        result.changed_references = _take_references(session)
    now = read_references(session.run)
    for folder in sample_folders(session.run) if number is None else [session.run.round(number)]:
        _judge_folder(session, folder, standing, (before, now), result)
    return result


def marked(verifiers: Mapping[str, Verifier], mark: str | None) -> dict[str, Verifier]:
    """Returns the verifiers of a run whose references have this mark; None are the first ones."""
    bare = {name: v.verifier if isinstance(v, Marked) else v for name, v in verifiers.items()}
    return dict(bare) if mark is None else {name: Marked(verifier, mark) for name, verifier in bare.items()}


def read_references(run: Run) -> str | None:
    """Returns the mark of a run's present references; None: those that it began with."""
    mark = read_json(run.path / FILE).get("references")
    return None if mark is None else str(mark)


def sample_folders(run: Run) -> list[Path]:
    """Returns every folder of samples: rounds, their evaluations, the baseline, other models."""
    patterns = ("round-*", "baseline/eval", "round-*/eval", "evals/*")
    return [path for pattern in patterns for path in sorted(run.path.glob(pattern)) if (path / "samples").is_dir()]


def _judge_folder(
    session: Session, folder: Path, standing: list[str], marks: tuple[str | None, str | None], result: Rejudged
) -> None:
    stage, name = StageFolder(folder), str(folder.relative_to(session.run.path))
    old = _latest(folder, standing)
    if marks[0] != marks[1]:
        _copy_unchanged(session, stage, *marks)
    with session.stage("rejudge", of=name):
        progress = session.estep(folder, name).verify(_problems(session.run), again_unjudged=True)
    result.judged += progress.fresh.total()
    new = stage.tallies(session.verifier_ids)
    result.flips += [
        Flip(name, problem_id, index, outcome, after)
        for problem_id in sorted(old.keys() & new.keys())
        for index, outcome, after in _flips(old[problem_id], new[problem_id])
    ]


def _latest(folder: Path, verifier_ids: Sequence[str]) -> dict[str, Tally]:
    """The verdicts that stand so far: those of the ids that were in use first, then of others, the latest first."""
    others = [path for path in (folder / "verdicts").glob("*") if path.name not in verifier_ids]
    names = [[*verifier_ids], *([p.name] for p in sorted(others, key=lambda p: p.stat().st_mtime_ns, reverse=True))]
    latest: dict[str, Tally] = {}
    for ids in names:
        for problem_id, tally in StageFolder(folder).tallies(ids).items():
            above = latest.setdefault(problem_id, Tally())
            free = ~above.judged
            for outcome, mask in tally.masks.items():
                above.masks[outcome] = above.masks.get(outcome, 0) | mask & free
    return latest


def _flips(before: Tally, after: Tally) -> Iterator[tuple[int, Outcome, Outcome]]:
    moves = [
        (index, old, new)
        for old, was in before.masks.items()
        for new, is_ in after.masks.items()
        if old is not new
        for index in _bits(was & is_)
    ]
    yield from sorted(moves)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _problems(run: Run) -> Iterator[Problem]:
    yield from run.problems(held_out=True)
    yield from run.problems(held_out=False)


def _digests(problems: Iterable[Problem]) -> dict[str, str]:
    return {p.id: reference_digest(p.id, p.verifier, p.reference, p.metadata) for p in problems}


def _mark(digests: Mapping[str, str]) -> str:
    return fingerprint(sorted(digests.items()))[:8]


def _take_references(session: Session) -> int:
    """Puts the task's present references into the run and returns how many are new.

    Killed at any moment, the same call again ends in the same state: what each mark stands for is written before the
    problems, and the run's own mark last.
    """
    run = session.run
    stored = _digests(_problems(run))
    _write_digests(run, stored)
    fresh = _corrected(session, stored)
    first = str(read_json(run.path / FILE).get("first_references") or _mark(stored))
    if fresh:
        _write_digests(run, stored | _digests(fresh.values()))
        held_out = run.held_out_ids()
        run.replace_problems((fresh.get(p.id, p), p.id in held_out) for p in _problems(run))
    now = _mark(stored | _digests(fresh.values()))
    mark = None if now == first else now
    recorded = read_json(run.path / FILE)
    files = FileHashes(recorded.get("files", {}))
    task = component_identity(session.config.task, files, CONFIG_ONLY)
    facts = {"first_references": first, "references": mark, "task": task, "files": {**recorded["files"], **files.now}}
    write_json(run.path / FILE, {**recorded, **facts})
    session.verifiers = marked(session.verifiers, mark)
    write_json(run.path / FILE, {**read_json(run.path / FILE), "verifiers": session.verifier_ids})
    return len(fresh)


def _corrected(session: Session, stored: Mapping[str, str]) -> dict[str, Problem]:
    """The problems of the task whose reference is another than the stored one, by id.

    Raises:
        InputError: one asks another question, names another verifier, or is no longer there.
    """
    run, config = session.run, session.config.task
    questions = {p.id: fingerprint(p.prompt, p.verifier) for p in _problems(run)}
    splits = sorted({problem.split for problem in _problems(run)})
    task = build_task(config.kind, config.options)
    fresh: dict[str, Problem] = {}
    missing = set(stored)
    for problem in (problem for split in splits for problem in task.problems(split)):
        if problem.id not in missing:
            continue
        missing.discard(problem.id)
        if questions[problem.id] != fingerprint(problem.prompt, problem.verifier):
            raise InputError(
                f"problem {problem.id} of the task asks another question (prompt or verifier) than in {run.path}; its "
                "samples answer the old one. Only references may change: put the old prompt back, or start a new run "
                "with name=..."
            )
        if _digests([problem])[problem.id] != stored[problem.id]:
            fresh[problem.id] = problem
    if missing:
        raise InputError(
            f"problem {min(missing)} of {run.path} is no longer in the task ({len(missing)} such); the run's samples "
            "need all of its problems: put it back, or start a new run with name=..."
        )
    return fresh


def _copy_unchanged(session: Session, stage: StageFolder, before: str | None, now: str | None) -> None:
    """Gives problems whose reference is the same their verdicts under the new mark, which needs no verifier."""
    first = str(read_json(session.run.path / FILE)["first_references"])
    old, new = _read_digests(session.run, before or first), _read_digests(session.run, now or first)
    was, is_ = marked(session.verifiers, before), marked(session.verifiers, now)
    renamed = {was[name].id: is_[name].id for name in was}
    there = {problem_id: tally.judged for problem_id, tally in stage.tallies(renamed.values()).items()}
    same = (p for p in _problems(session.run) if old.get(p.id) == new.get(p.id))
    for group in stage.groups(same, renamed):
        for index, verdict in group.verdicts.items():
            if verdict.outcome is not Outcome.UNJUDGED and not there.get(group.problem.id, 0) >> index & 1:
                stage.add_verdict(group.problem.id, index, replace(verdict, verifier=renamed[verdict.verifier]))
    stage.flush()


def _write_digests(run: Run, digests: Mapping[str, str]) -> None:
    path = run.path / "references" / f"{_mark(digests)}.json"
    if not path.exists():
        write_json(path, dict(sorted(digests.items())))


def _read_digests(run: Run, mark: str) -> dict[str, JSON]:
    return read_json(run.path / "references" / f"{mark}.json")
