"""A round of a run: which problems are sampled in it, from which model, and whether it may still change."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from rft.errors import InputError
from rft.rounds.session import Session
from rft.store.files import read_json
from rft.store.run import holds_samples
from rft.types import Problem

Item = TypeVar("Item")


def problems_of(session: Session, number: int) -> Iterator[Problem]:
    """Yields the problems of a round: all that are not held out, or the next ``problems_per_round`` of them in turn."""
    return _in_turn(session, number, lambda: session.run.problems(held_out=False))


def problem_ids_of(session: Session, number: int) -> Iterator[str]:
    """Yields the ids of ``problems_of``, in the same order; prompts and references are not read."""
    return _in_turn(session, number, lambda: session.run.problem_ids(held_out=False))


def _in_turn(session: Session, number: int, every: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    size, total = session.config.loop.problems_per_round, session.run.count_problems(held_out=False)
    if size is None or size >= total:
        yield from every()
        return
    start = number * size % total
    yield from islice(every(), start, start + size)
    yield from islice(every(), max(0, start + size - total))


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
    return holds_samples(session.run.round(number + 1))


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
