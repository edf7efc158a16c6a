"""Judged samples on the left, training rows on the right, and a funnel that says why each sample was dropped.

The steps run in a fixed order, each a function from samples to those that stay; a new filter is one ``Drop``, one
function and one line in ``steps``. Samples are put in the order of (round, index) first, so that the choice depends
on the run's seed and never on which sample arrived first. A held-out problem stops the run.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from rft.errors import RunError
from rft.seeds import derive_seed
from rft.selection.dedupe import text_key
from rft.selection.filters.equations import false_equations
from rft.types import JSON, Judged, Outcome, Problem, Prompt, Row, Trust

Step = Callable[[Sequence[Judged]], list[Judged]]


class Drop(StrEnum):
    """Why a sample is not training data, in the order in which the steps run."""

    UNJUDGED = "unjudged"
    TRUNCATED = "truncated"
    INCORRECT = "incorrect"
    LOW_TRUST = "low_trust"
    FALSE_EQUATION = "false_equation"
    DUPLICATE = "duplicate"
    OVER_CAP = "over_cap"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a sample beyond being correct."""

    false_equations: bool = True
    """Drop a solution that holds a false explicit equation."""
    dedupe: bool = True
    """Keep the first of several samples of a problem with the same normalised text."""
    cap: int | None = 10
    """At most so many samples per problem (ReST-EM: 10); None keeps all."""
    low_trust: bool = True
    """Drop a sample whose verdict its program may have bought: see ``Trust.LOW``."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What became of the samples of one problem."""

    kept: list[Judged]
    """In the order of (round, index)."""
    dropped: Counter[Drop]


@dataclass(slots=True)
class Funnel:
    """Counts over all problems. sampled = everything dropped + kept, always."""

    sampled: int = 0
    dropped: Counter[Drop] = field(default_factory=Counter)
    kept: int = 0
    problems_sampled: int = 0
    problems_solved: int = 0
    """Problems with at least one correct sample, whatever became of it."""
    problems_kept: int = 0

    def add(self, judged: Sequence[Judged], selection: Selection) -> None:
        """Counts one problem.

        Raises:
            RunError: a step lost or made up samples, which is a bug.
        """
        if len(judged) != selection.dropped.total() + len(selection.kept):
            raise RunError(f"selection lost count: {len(judged)} samples in, {selection} out; please report this")
        self.sampled += len(judged)
        self.dropped.update(selection.dropped)
        self.kept += len(selection.kept)
        self.problems_sampled += bool(judged)
        self.problems_solved += any(one.verdict.outcome is Outcome.CORRECT for one in judged)
        self.problems_kept += bool(selection.kept)

    def to_json(self) -> dict[str, JSON]:
        """Returns the counts in the order of the steps: what ``funnel.json`` holds."""
        return {
            "sampled": self.sampled,
            "dropped": {drop.value: self.dropped[drop] for drop in Drop},
            "kept": self.kept,
            "problems": {
                "sampled": self.problems_sampled,
                "solved": self.problems_solved,
                "kept": self.problems_kept,
            },
        }


def select(
    groups: Iterable[tuple[Problem, Sequence[Judged]]],
    rules: Rules,
    seed: int,
    held_out: Collection[str],
    funnel: Funnel,
) -> Iterator[tuple[Problem, list[Judged]]]:
    """Yields every problem of which any sample is kept, with what is kept; holds one problem at a time.

    Args:
        groups: each problem once, with all its judged samples.
        rules: what is asked of a sample.
        seed: the run's.
        held_out: ids of the problems that are measured on; a set.
        funnel: is counted up while the result is consumed.

    Raises:
        RunError: a group belongs to a held-out problem, or holds samples of another problem than it says.
    """
    for problem, judged in groups:
        if problem.id in held_out:
            raise RunError(
                f"held-out problem {problem.id} has reached selection with {len(judged)} samples; it is measured on "
                "and must never be trained on, so selection stops: remove it from the round's samples"
            )
        if strays := {one.sample.problem_id for one in judged} - {problem.id}:
            raise RunError(f"samples of problem {min(strays)} came under problem {problem.id}; please report this")
        selection = select_problem(judged, rules, seed)
        funnel.add(judged, selection)
        if selection.kept:
            yield problem, selection.kept


def select_problem(judged: Sequence[Judged], rules: Rules, seed: int) -> Selection:
    """Returns which samples of one problem are kept. Pure: equal for any order of ``judged``."""
    staying = sorted(judged, key=lambda one: (one.sample.round, one.sample.index))
    dropped: Counter[Drop] = Counter()
    for drop, step in steps(rules, seed):
        after = step(staying)
        dropped[drop] += len(staying) - len(after)
        staying = after
    return Selection(staying, +dropped)


def steps(rules: Rules, seed: int) -> Iterator[tuple[Drop, Step]]:
    """Yields the steps that the rules ask for, in order."""
    yield Drop.UNJUDGED, partial(without, Outcome.UNJUDGED)
    yield Drop.TRUNCATED, partial(without, Outcome.TRUNCATED)
    yield Drop.INCORRECT, partial(without, Outcome.INCORRECT)
    if rules.low_trust:
        yield Drop.LOW_TRUST, without_low_trust
    if rules.false_equations:
        yield Drop.FALSE_EQUATION, without_false_equations
    if rules.dedupe:
        yield Drop.DUPLICATE, without_duplicates
    if rules.cap is not None:
        yield Drop.OVER_CAP, partial(at_most, rules.cap, seed)


def without(outcome: Outcome, judged: Sequence[Judged]) -> list[Judged]:
    """Returns the samples with any other outcome."""
    return [one for one in judged if one.verdict.outcome is not outcome]


def without_low_trust(judged: Sequence[Judged]) -> list[Judged]:
    """Returns the samples whose verdict was out of their reach."""
    return [one for one in judged if one.verdict.trust is not Trust.LOW]


def without_false_equations(judged: Sequence[Judged]) -> list[Judged]:
    """Returns the samples that hold no explicit equation that is certainly false."""
    return [one for one in judged if not false_equations(one.sample.text)]


def without_duplicates(judged: Sequence[Judged]) -> list[Judged]:
    """Returns the first sample of every normalised text."""
    first: dict[bytes, Judged] = {}
    for one in judged:
        first.setdefault(text_key(one.sample.text), one)
    return list(first.values())


def at_most(cap: int, seed: int, judged: Sequence[Judged]) -> list[Judged]:
    """Returns ``cap`` samples drawn with a seed of the run and the problem, in their order; all if they are fewer."""
    if len(judged) <= cap:
        return list(judged)
    rng = random.Random(derive_seed(seed, "cap", judged[0].sample.problem_id))
    return [judged[i] for i in sorted(rng.sample(range(len(judged)), cap))]


def to_row(problem: Problem, prompt: Prompt, judged: Judged) -> Row:
    """Returns the training row of a kept sample.

    Args:
        problem: the sample's.
        prompt: rendered exactly as it was sampled.
        judged: the sample and its verdict.
    """
    sample, verdict = judged.sample, judged.verdict
    return Row(
        problem_id=sample.problem_id,
        round=sample.round,
        index=sample.index,
        prompt=prompt,
        completion=sample.text,
        task=problem.task,
        engine=sample.engine,
        verifier=verdict.verifier,
        extracted=verdict.extracted,
        n_tokens=sample.n_tokens,
        origin=sample.origin,
    )
