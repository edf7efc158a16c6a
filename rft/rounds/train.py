"""The M-step of a round: exports the selected rows and fine-tunes on them, once for each set of inputs."""

import time
from contextlib import suppress
from pathlib import Path

from rft.errors import InputError, RunError
from rft.rounds.inputs.identity import FileHashes, file_contents
from rft.rounds.inputs.once import once
from rft.rounds.sample import model_identity
from rft.rounds.select import export, row_hashes, selected
from rft.rounds.session import Session
from rft.rounds.turn import model_before, refuse_if_closed
from rft.types import JSON

FILES = frozenset({"configs", "chat_template"})
"""Options of trainers that name files whose content counts, not their place."""


def train(session: Session, number: int) -> str:
    """Returns the model of a round, trained now or before.

    Whether it must be trained again is decided here alone. What the trainer marks in its own folder only tells it
    whether a torn attempt may be gone on with; an outdated one is put aside before the trainer sees it.

    Raises:
        InputError: no trainer is configured, or a later round builds on this one's model.
        RunError: no row was selected.
        TrainerError: training failed.
    """
    if session.trainer is None:
        raise InputError("train.kind is none; choose a trainer, e.g. train.kind=trl")
    config, run = session.config, session.run
    folder = run.round(number) / "train"
    start = session.base_model if config.train.start == "base" else model_before(session, number)
    inputs: dict[str, JSON] = {
        "train": training(session),
        "rows": row_hashes(selected(session, number)),
        "start": model_identity(start),
    }

    def make() -> dict[str, JSON]:
        refuse_if_closed(session, number)
        return _fit(session, number, start, folder)

    def outdated(names: list[str]) -> None:
        refuse_if_closed(session, number)
        session.check_trainer()
        attic = run.supersede(number, ["train", "eval"])
        aside = f"; the old model and its measurement are in {attic.name}" if attic else ""
        why = f"round {number}: trained again, because of a change in {', '.join(names)}{aside}"
        session.observer.note("outdated", why, round=number)

    made = once(folder / "model.json", inputs, make, holds=lambda m: (run.path / m["path"]).exists(), outdated=outdated)
    return str(run.path / made["path"])


def training(session: Session) -> dict[str, JSON]:
    """Returns how the trainer is set, with the content of its files in the place of their paths."""
    config = session.config.train
    return config.model_dump(exclude={"cwd"}) | file_contents(config, FILES, FileHashes())


def _fit(session: Session, number: int, start: str, folder: Path) -> dict[str, JSON]:
    assert session.trainer is not None
    exported = export(session, number)
    if not exported.n_rows:
        raise RunError(
            f"round {number} selected no sample, so there is nothing to train on; draw more (sampling.n), or begin "
            "with easier problems or a stronger model"
        )
    session.release_engine()
    with session.stage("train", round=number):
        began = time.monotonic()
        session.observer.note("train", f"round {number}: training {start}", round=number)
        model = session.trainer.fit(exported.train_file, start, folder)
    with suppress(ValueError):  # a trainer of others' may keep its models elsewhere
        model = model.relative_to(session.run.path)
    seconds = round(time.monotonic() - began, 1)
    return {"path": str(model), "start": start, "n_rows": exported.n_rows, "train_s": seconds}
