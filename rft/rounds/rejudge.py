"""Judges stored samples again: with other settings, or with corrected references. Nothing is sampled.

New settings of a verifier, or new references, have verdicts under an id of their own; the old ones stay where they are.
A verdict on a problem whose reference did not change is copied, not judged again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rft.errors import InputError
from rft.rounds.evaluate import write_measurement
from rft.rounds.inputs.references import marked, read_digests, read_references, take_references
from rft.rounds.session import Session
from rft.store.files import read_json
from rft.store.stage import StageFolder, Tally
from rft.types import Outcome


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
        InputError: there are no samples, or the task no longer holds a problem of the run, or asks another question
            under its id.
        UnjudgedError: too many samples could not be judged.
    """
    if not session.run.has_samples():
        raise InputError(f"{session.run.path} has no samples yet, so there is nothing to judge")
    if number is not None:
        session.run.samples(number)
    result, before, standing = Rejudged(), read_references(session.run), session.verifier_ids
    if session.previous_verifier_ids:
        standing = session.previous_verifier_ids
    if references:
        result.changed_references = take_references(session.run, session.config.task)
        session.use_references(read_references(session.run))
        session.run.record_config(session.config.model_dump(mode="json"))
    now = read_references(session.run)
    for folder in session.run.sampled_folders() if number is None else [session.run.round(number)]:
        _judge_folder(session, folder, standing, (before, now), result)
    return result


def _judge_folder(
    session: Session, folder: Path, standing: list[str], marks: tuple[str | None, str | None], result: Rejudged
) -> None:
    stage, name = session.folder(folder), str(folder.relative_to(session.run.path))
    old = _latest(stage, standing)
    if marks[0] != marks[1]:
        _copy_unchanged(session, stage, *marks)
    with session.stage("rejudge", of=name):
        progress = session.estep(folder, name).verify(session.run.all_problems(), again_unjudged=True)
    result.judged += progress.fresh.total()
    if recorded := read_json(folder / "metrics.json"):
        write_measurement(session, folder, recorded["model"])
    new = stage.tallies(session.verifier_ids)
    result.flips += [
        Flip(name, problem_id, index, outcome, after)
        for problem_id in sorted(old.keys() & new.keys())
        for index, outcome, after in _flips(old[problem_id], new[problem_id])
    ]


def _latest(folder: StageFolder, verifier_ids: Sequence[str]) -> dict[str, Tally]:
    """The verdicts that stand so far: those of the ids that were in use first, then of others, the latest first."""
    folders = [path for path in (folder.path / "verdicts").glob("*") if path.is_dir()]
    others = [path for path in folders if path.name not in verifier_ids]
    names = [[*verifier_ids], *([p.name] for p in sorted(others, key=lambda p: p.stat().st_mtime_ns, reverse=True))]
    latest: dict[str, Tally] = {}
    for ids in names:
        for problem_id, tally in folder.tallies(ids).items():
            above = latest.setdefault(problem_id, Tally())
            free = ~above.judged
            for outcome, mask in tally.masks.items():
                above.add(outcome, mask & free)
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


def _copy_unchanged(session: Session, stage: StageFolder, before: str | None, now: str | None) -> None:
    """Gives problems whose reference is the same their verdicts under the new mark, which needs no verifier."""
    old, new = read_digests(session.run, before), read_digests(session.run, now)
    was, is_ = marked(session.verifiers, before), marked(session.verifiers, now)
    renamed = {was[name].id: is_[name].id for name in was}
    there = {problem_id: tally.judged for problem_id, tally in stage.tallies(renamed.values()).items()}
    same = (p for p in session.run.all_problems() if old.get(p.id) == new.get(p.id))
    for group in stage.groups(same, renamed):
        copies = {
            index: replace(verdict, verifier=renamed[verdict.verifier])
            for index, verdict in group.verdicts.items()
            if verdict.outcome is not Outcome.UNJUDGED and not there.get(group.problem.id, 0) >> index & 1
        }
        stage.add_verdicts(group.problem.id, copies)
    stage.flush()
