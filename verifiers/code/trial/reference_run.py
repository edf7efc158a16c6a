"""What the reference's own solution shows: the tests are sound, are so much work, and take so long on this machine.

It is run once per problem and process, in the same sandbox and way as the candidates.

- Proof of work: a candidate passes only if as many checks were executed as for the solution.
- Time: where the reference sets no limit of its own, a candidate may use ``scale`` times what the solution took on this
  machine, if that is more than the usual limit. A limit is never tightened so, hence a slow or busy machine costs time
  and no verdict.
- A solution that fails makes the reference a bad one: nothing is said of any candidate.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from rft.types import Limits, Outcome, Reason
from rft.verifiers.code.reference.read import Reference
from rft.verifiers.code.trial.rulings import Ruling, unjudged
from rft.verifiers.code.trial.terms import Attempt, Terms, Usage

BUDGET = 10
"""All cases of a program together may take so many times the limit of one, or ``scale`` times the solution's time."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known before any candidate is looked at."""

    checks: int | None = None
    """Checks that a pass has to execute."""
    plain: bool = False
    """The solution gave nothing but plain values."""
    solved: bool = False
    """There is a solution, and it has passed."""
    usage: Usage = field(default_factory=Usage)
    """What the solution took."""
    fault: Ruling | None = None
    """Why no candidate can be judged."""
    lasting: bool = True
    """Another run would show the same; one that timed out or met a fault of the sandbox might not."""


def prove(reference: Reference, run: Callable[[str, Terms], Attempt], limits: Limits, longest_s: float) -> Proof:
    """Runs a reference's solution, if it has one.

    Args:
        reference: with or without a solution.
        run: runs a program on terms.
        limits: what is allowed where the reference says nothing.
        longest_s: seconds that the solution may take, where the reference sets no limit.
    """
    if reference.solution is None:
        return Proof(reference.checks)
    roomy = replace(limits, cpu_s=max(limits.cpu_s, longest_s), wall_s=max(limits.wall_s, longest_s))
    limits = reference.limited(roomy)
    found = run(reference.solution, Terms(limits, BUDGET * limits.wall_s, reference.checks))
    if found.ruling.outcome is Outcome.CORRECT:
        return Proof(found.checks, found.objects == 0, True, found.usage)
    if found.ruling.outcome is Outcome.UNJUDGED:
        return Proof(fault=found.ruling, lasting=found.ruling.reason is Reason.BAD_REFERENCE)
    why = f"the reference's own solution fails: {found.ruling.reason}, {found.ruling.detail}"
    lasting = found.ruling.reason is not Reason.TIMEOUT
    return Proof(fault=unjudged(Reason.BAD_REFERENCE, why), lasting=lasting)


def terms_of(reference: Reference, proof: Proof, limits: Limits, scale: float, longest_s: float) -> Terms:
    """Returns what is asked of a candidate: limits of the reference, else of the verifier, stretched by the proof."""
    took = proof.usage
    stretched = replace(
        limits,
        cpu_s=max(limits.cpu_s, min(longest_s, scale * took.longest_cpu_s)),
        wall_s=max(limits.wall_s, min(longest_s, scale * took.longest_wall_s)),
    )
    limits = reference.limited(stretched)
    budget_s = max(BUDGET * limits.wall_s, scale * took.wall_s)
    return Terms(limits, budget_s, proof.checks, proof.plain, proof.solved)
