"""The verifier named ``math``: extracts each candidate's answer and compares it with the reference, in this process.

No other process, no signal and no time limit is needed: the grammar is closed and every size is bounded before anything
is computed, so a verdict is the same on any machine, in any thread, and hostile text costs milliseconds. With
``symbolic: true`` what is undecided then goes to SymPy, in worker processes with limits (``symbolic``).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from math import isfinite
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rft.errors import InputError
from rft.expressions.algebra import UndecidedError
from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers.extraction.answer import Extraction, ExtractionPolicy, extract
from rft.verifiers.math.equal.compare import AnswerComparison, UnreadableReferenceError
from rft.verifiers.math.read.policy import Decimals, Order, Percent, Policy, Several, Units, policy_of
from rft.verifiers.math.read.reading import Reading, read

if TYPE_CHECKING:
    from rft.verifiers.math.symbolic import SymbolicTier

VERSION = 3
"""Goes up with every change that may change a verdict."""
MAX_GIVEN = 4
"""Different answers of one completion that are looked at; who gives more has not decided."""
MAX_BITS = 10_000
"""Of a reference that is given as a number and not as a text."""


@dataclass
class MathVerifier:
    r"""Judges final answers; the reference is a text or number, or a list of accepted ones of which any may match.

    An answer for which equality could not be decided within the bounds is *unjudged* (reason ``undecided``), as is any
    answer to a malformed reference (``bad_reference``), unless its text is equal.

    >>> problem = Problem("p", "2/4?", "math", r"\frac{1}{2}", "demo", "train")
    >>> verdicts = MathVerifier().verify(problem, [r"It is \boxed{0.5}.", r"\boxed{2}"])
    >>> [str(verdict.outcome) for verdict in verdicts]
    ['correct', 'incorrect']
    """

    extraction: ExtractionPolicy = "lenient"
    """strict: the last box only. lenient: then ``#### x``, "the answer is x", and the last number (see extract)."""
    units: Units | None = None
    """agree, convert or ignore (see Policy); None, also below: as the task says, else the first."""
    percent: Percent | None = None
    """typed or points."""
    order: Order | None = None
    """free or kept."""
    several: Several | None = None
    """refuse or all."""
    decimals: Decimals | None = None
    """rounded or exact."""
    symbolic: bool = False
    """Whether SymPy is asked about what is undecided, in worker processes; seconds for each such answer."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""

    def __post_init__(self) -> None:
        chosen = {name: getattr(self, name) for name in ("units", "percent", "order", "several", "decimals")}
        self._given = {name: value for name, value in chosen.items() if value is not None}
        self._default = policy_of({}, self._given)
        settings = f"{self.extraction} {sorted(self._given.items())}"
        self._tier = _symbolic_tier() if self.symbolic else None
        if self.symbolic:
            settings += f" sympy-{version('sympy')}"
        self.id = f"math-{VERSION}-{sha256(settings.encode()).hexdigest()[:8]}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem; equal answers are judged once. Thread-safe."""
        try:
            said = problem.metadata.get("policy")
            policy = self._default if said is None else policy_of(said, self._given)
            references = _readings(problem.reference)
        except InputError as error:
            unusable = Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=str(error))
            return [unusable] * len(completions)
        known: dict[Extraction, Verdict] = {}
        return [self._verdict(references, policy, completion, known) for completion in completions]

    def close(self) -> None:
        """Ends the worker processes, where there are any."""
        if self._tier is not None:
            self._tier.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _verdict(
        self, references: list[Reading], policy: Policy, completion: str, known: dict[Extraction, Verdict]
    ) -> Verdict:
        start, cpu = time.perf_counter(), time.thread_time()
        found = extract(completion, self.extraction)
        if found is None:
            verdict = Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER, detail="rule=none")
        else:
            verdict = known.get(found) or self._judge(references, policy, found)
            known[found] = verdict
        return replace(verdict, cpu_s=time.thread_time() - cpu, wall_s=time.perf_counter() - start)

    def _judge(self, references: list[Reading], policy: Policy, found: Extraction) -> Verdict:
        """Judges an answer; where several different ones were given, each must be right."""
        given = [*found.others, found.text]
        if policy.several == "all":
            given = [", ".join(given)]
        notes: list[str] = [f"rule={found.rule}"]
        outcome, reason = Outcome.CORRECT, None
        if len(given) > MAX_GIVEN:
            outcome, reason = Outcome.INCORRECT, Reason.SEVERAL_ANSWERS
        for answer in given:
            if outcome is Outcome.CORRECT:
                outcome, reason = self._compare(references, policy, answer, notes)
        if outcome is Outcome.INCORRECT and len(given) > 1:
            reason = Reason.SEVERAL_ANSWERS
        return Verdict(outcome, self.id, reason, extracted=found.text, detail="; ".join(notes[:3]))

    def _compare(
        self, references: list[Reading], policy: Policy, answer: str, notes: list[str]
    ) -> tuple[Outcome, Reason | None]:
        reading = read(answer)
        undecided: Reason | None = None
        for reference in references:
            try:
                if AnswerComparison(policy, notes, self._tier).equal(reference, reading):
                    return Outcome.CORRECT, None
            except UndecidedError as error:
                undecided = Reason.UNDECIDED
                notes.append(str(error))
            except UnreadableReferenceError as error:
                undecided = undecided or Reason.BAD_REFERENCE
                notes.append(str(error))
        if undecided:
            return Outcome.UNJUDGED, undecided
        return Outcome.INCORRECT, Reason.WRONG_ANSWER


def _readings(reference: JSON) -> list[Reading]:
    """Reads the accepted answers.

    Raises:
        InputError: the reference cannot be used.
    """
    accepted = reference if isinstance(reference, list) else [reference]
    if not accepted:
        raise InputError("the reference is an empty list")
    readings = []
    for answer in accepted:
        if isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise InputError(
                f"the reference must be a text, a number or a list of these; seen: {type(answer).__name__}"
            )
        if isinstance(answer, float) and not isfinite(answer):
            raise InputError(f"the reference must be finite; seen: {answer}")
        if isinstance(answer, int) and answer.bit_length() > MAX_BITS:
            raise InputError(f"the reference is a whole number of more than {MAX_BITS} bits; write it as a text")
        reading = read(str(answer))
        if reading.refused:
            raise InputError(f"the reference '{str(answer)[:80]}' cannot be used: {reading.refused}")
        readings.append(reading)
    return readings


def _symbolic_tier() -> "SymbolicTier":
    from rft.verifiers.math.symbolic import SymbolicTier  # only where it is asked for: it brings processes with it

    return SymbolicTier()
