"""Judges answers to multiple-choice questions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from rft.types import Outcome, Problem, Reason, Verdict
from rft.verifiers.choice.given import given
from rft.verifiers.choice.question import Question
from rft.verifiers.choice.reference import read_question
from rft.verifiers.extraction.answer import ExtractionPolicy

VERSION = 1
"""Goes up with every change that may change a verdict."""


@dataclass
class ChoiceVerifier:
    r"""Judges answers to multiple-choice questions, of which one choice is right, or several together.

    The reference is a letter, ``"C"``; or ``{"answer": "C", "choices": {"A": "Paris", ...}}``, where the choices may
    also be a list, whose letters are A, B, ... in order. ``{"answer": ["A", "C"], ...}``: both are needed, in any
    order.

    >>> reference = {"answer": "C", "choices": ["1/4", "1/3", "1/2"]}
    >>> problem = Problem("p", "2/4?", "choice", reference, "demo", "train")
    >>> verdicts = ChoiceVerifier().verify(problem, [r"\boxed{(C)}", r"\boxed{0.5}", r"\boxed{C. 1/3}", "C or B"])
    >>> [str(verdict.outcome) for verdict in verdicts]
    ['correct', 'correct', 'incorrect', 'incorrect']
    """

    extraction: ExtractionPolicy = "lenient"
    """strict: the last box only. lenient: then an announcement, and a last line that is only a letter."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""

    def __post_init__(self) -> None:
        self.id = f"choice-{VERSION}-{sha256(self.extraction.encode()).hexdigest()[:8]}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem; the reference and equal answers are read once. Thread-safe."""
        question = read_question(problem.reference)
        return [self._timed(question, completion) for completion in completions]

    def close(self) -> None:
        """Does nothing: there is nothing to end."""

    def _timed(self, question: Question | str, completion: str) -> Verdict:
        start, cpu = time.perf_counter(), time.thread_time()
        verdict = self._judge(question, completion)
        return replace(verdict, cpu_s=time.thread_time() - cpu, wall_s=time.perf_counter() - start)

    def _judge(self, question: Question | str, completion: str) -> Verdict:
        if isinstance(question, str):
            return Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=question)
        rule, answers = given(completion, self.extraction)
        if not answers:
            return Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER, detail="rule=none")
        readings = [question.read(answer) for answer in answers]
        if rule != "boxed":  # the same announcement, read in several ways
            readings = [reading for reading in readings if reading is not None] or [None]
        known = [reading for reading in readings if reading is not None]
        chosen = frozenset[str]().union(*known)
        sure = len(known) == len(readings) and all(known)
        if rule != "boxed":
            sure = sure and len(set(known)) == 1
        detail = f"rule={rule}; chosen={','.join(sorted(chosen)) or 'none'}"
        if sure and chosen == question.right:
            return Verdict(Outcome.CORRECT, self.id, extracted=answers[-1], detail=detail)
        reason = Reason.SEVERAL_ANSWERS if len(chosen) > len(question.right) else Reason.WRONG_ANSWER
        return Verdict(Outcome.INCORRECT, self.id, reason, extracted=answers[-1], detail=detail)
