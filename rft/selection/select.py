"""Judged samples on the left, training rows on the right, and a funnel that says why each sample was dropped.

A sample must be correct; then the filters look at it one after the other (``rft.selection.filters``), each with a
reason of its own; then repetitions go, then what is over the cap. A sample is counted under the first reason. Samples
are put in the order of (round, index) first, so that the choice depends on the run's seed and never on which sample
arrived first. A held-out problem stops the run.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from rft.errors import RunError
from rft.seeds import derive_seed
from rft.selection.dedupe import text_key
from rft.selection.filters.false_equations import FalseEquations
from rft.selection.filters.low_trust import LowTrust
from rft.types import JSON, Filter, Judged, Outcome, Problem, Prompt, Row


class Drop(StrEnum):
    """The reasons that every funnel shows, in its order. Those of further filters stand before ``duplicate``."""

    UNJUDGED = "unjudged"
    TRUNCATED = "truncated"
    INCORRECT = "incorrect"
    LOW_TRUST = "low_trust"
    FALSE_EQUATION = "false_equation"
    DUPLICATE = "duplicate"
    OVER_CAP = "over_cap"


CLOSING = (Drop.DUPLICATE, Drop.OVER_CAP)
"""The steps that choose among the samples of a problem, when all filters are done."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a sample beyond being correct."""

    filters: tuple[Filter, ...] = (LowTrust(), FalseEquations())
    """In the order in which they look at a sample."""
    dedupe: bool = True
    """Keep the first of several samples of a problem with the same normalised text."""
    cap: int | None = 10
    """At most so many samples per problem (ReST-EM: 10); None keeps all."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What became of the samples of one problem."""

    kept: list[Judged]
    """In the order of (round, index)."""
    dropped: Counter[str]


@dataclass(slots=True)
class Funnel:
    """Counts over all problems. sampled = everything dropped + kept, always."""

    sampled: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    problems_sampled: int = 0
    problems_solved: int = 0
    """Problems with at least one correct sample, whatever became of it."""
    problems_kept: int = 0

    def add(self, judged: Sequence[Judged], selection: Selection, others: Mapping[str, int]) -> None:
        """Counts one problem.

        Args:
            judged: its samples that were looked at.
            selection: what became of them.
            others: outcome -> its samples that were not looked at, none of them correct.

        Raises:
            RunError: a step lost or made up samples, which is a bug.
        """
        if len(judged) != selection.dropped.total() + len(selection.kept):
            raise RunError(f"selection lost count: {len(judged)} samples in, {selection} out; please report this")
        n_sampled = len(judged) + sum(others.values())
        self.sampled += n_sampled
        self.dropped.update(selection.dropped)
        self.dropped.update(others)
        self.kept += len(selection.kept)
        self.problems_sampled += bool(n_sampled)
        self.problems_solved += any(one.verdict.outcome is Outcome.CORRECT for one in judged)
        self.problems_kept += bool(selection.kept)

    def to_json(self) -> dict[str, JSON]:
        """Returns the counts in the order of the steps: what ``funnel.json`` holds."""
        return {
            "sampled": self.sampled,
            "dropped": {reason: self.dropped[reason] for reason in self._reasons()},
            "kept": self.kept,
            "problems": {
                "sampled": self.problems_sampled,
                "solved": self.problems_solved,
                "kept": self.problems_kept,
            },
        }

    def _reasons(self) -> list[str]:
        opening = [drop.value for drop in Drop if drop not in CLOSING]
        return [*opening, *sorted(self.dropped.keys() - set(Drop)), *(drop.value for drop in CLOSING)]


def select(
    groups: Iterable[tuple[Problem, Sequence[Judged]]],
    rules: Rules,
    seed: int,
    held_out: Collection[str],
    funnel: Funnel,
    others: Callable[[str], Mapping[str, int]] = lambda problem_id: {},
) -> Iterator[tuple[Problem, list[Judged]]]:
    """Yields every problem of which any sample is kept, with what is kept; holds one problem at a time.

    Args:
        groups: each problem once, with its judged samples: all, or at least those that are correct.
        rules: what is asked of a sample.
        seed: the run's.
        held_out: ids of the problems that are measured on; a set.
        funnel: is counted up while the result is consumed.
        others: problem id -> outcome -> how many samples are not in its group.

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
        selection = select_problem(problem, judged, rules, seed)
        funnel.add(judged, selection, others(problem.id))
        if selection.kept:
            yield problem, selection.kept


def select_problem(problem: Problem, judged: Sequence[Judged], rules: Rules, seed: int) -> Selection:
    """Returns which samples of one problem are kept. Pure: equal for any order of ``judged``.

    Raises:
        RunError: a filter raised, or returned neither a reason nor None.
    """
    dropped: Counter[str] = Counter()
    staying: list[Judged] = []
    for one in sorted(judged, key=lambda one: (one.sample.round, one.sample.index)):
        reason = why_dropped(problem, one, rules.filters)
        if reason is None:
            staying.append(one)
        else:
            dropped[reason] += 1
    if rules.dedupe:
        several, staying = staying, without_duplicates(staying)
        dropped[Drop.DUPLICATE] += len(several) - len(staying)
    if rules.cap is not None:
        several, staying = staying, at_most(rules.cap, seed, staying)
        dropped[Drop.OVER_CAP] += len(several) - len(staying)
    return Selection(staying, +dropped)


def why_dropped(problem: Problem, judged: Judged, filters: Iterable[Filter]) -> str | None:
    """Returns the outcome of a sample that is not correct, else the first reason that a filter gives, else None.

    Raises:
        RunError: a filter raised, or returned neither a reason nor None.
    """
    if judged.verdict.outcome is not Outcome.CORRECT:
        return judged.verdict.outcome.value
    for one in filters:
        if reason := one.drop(problem, judged):
            return reason
    return None


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
