"""A round that a later one was drawn from stays as it is; what has changed since it was made is told."""

from collections.abc import Mapping
from pathlib import Path

from rft.rounds.inputs.once import changed, digests
from rft.rounds.select import settings
from rft.rounds.session import Session
from rft.rounds.train import training
from rft.rounds.turn import problems_of
from rft.store.files import read_json
from rft.types import JSON


def keep(session: Session, number: int) -> None:
    """Says which settings have changed since a closed round was selected and trained, if any.

    Its rows and its model stay. Its samples are judged by the present verifiers, so that all figures of a run come from
    one set of them.

    Raises:
        UnjudgedError: too many samples could not be judged.
    """
    folder = session.run.round(number)
    names = _changed(folder / "funnel.json", settings(session))
    if session.trainer is not None:
        names += _changed(folder / "train" / "model.json", {"train": training(session)})
    if not names:
        return
    session.observer.note(
        "closed",
        f"round {number}: its rows and its model stay as they are, because round {number + 1} was drawn from it; "
        f"changed since then: {', '.join(names)}",
        round=number,
    )
    if "verifiers" in names:
        with session.stage("rejudge", of=folder.name):
            session.estep(folder, f"round {number}").verify(problems_of(session, number))


def _changed(record: Path, now: Mapping[str, JSON]) -> list[str]:
    """The names that differ; none where an earlier version of rft made the record without them."""
    recorded = read_json(record)
    return [name for name in changed(recorded, digests(now)) if name in now] if "inputs" in recorded else []
