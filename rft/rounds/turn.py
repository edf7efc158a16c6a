"""A round of a run: which problems are sampled in it, from which model, and whether it may still change."""

from collections.abc import Iterator
from itertools import islice

from rft.errors import InputError
from rft.rounds.session import Session
from rft.store.run import read_json
from rft.types import Problem


def problems_of(session: Session, number: int) -> Iterator[Problem]:
    """Yields the problems of a round: all that are not held out, or the next ``problems_per_round`` of them in turn."""
    run, size = session.run, session.config.loop.problems_per_round
    total = run.count_problems(held_out=False)
    if size is None or size >= total:
        yield from run.problems(held_out=False)
        return
    start = number * size % total
    yield from islice(run.problems(held_out=False), start, start + size)
    yield from islice(run.problems(held_out=False), max(0, start + size - total))


def model_before(session: Session, number: int) -> str:
    """Returns the model that a round samples from.

    Raises:
        InputError: the round before has no model yet.
    """
    if number == 0:
        return session.base_model
    recorded = read_json(session.run.round(number - 1) / "train" / "model.json")
    if not recorded:
        raise InputError(f"round {number - 1} of {session.run.path} has no trained model yet; train it first")
    return str(session.run.path / recorded["path"])


def is_trained(session: Session, number: int) -> bool:
    """Whether a round has a model."""
    return (session.run.round(number) / "train" / "model.json").exists()


def is_closed(session: Session, number: int) -> bool:
    """Whether a later round has samples, so that this one must stay as it is."""
    return any((session.run.round(number + 1) / "samples").glob("*"))


def refuse_if_closed(session: Session, number: int) -> None:
    """Protects a round from which a later one was drawn.

    Raises:
        InputError: a later round has samples.
    """
    if is_closed(session, number):
        raise InputError(
            f"round {number} of {session.run.path} is closed: round {number + 1} was drawn from its model. To try "
            f"something else with its samples, copy the run's folder and delete round-{number + 1:03d} there"
        )
