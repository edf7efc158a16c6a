"""A verifier in one file: the last word of a completion decides."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rft import Outcome, Problem, Reason, Verdict


@dataclass(frozen=True)
class LastWord:
    """Accepts a completion whose last word is the reference."""

    case: bool = False
    """Whether capital letters matter."""

    @property
    def id(self) -> str:
        """Name, version and settings: equal ids mean equal verdicts. Raise the version when a verdict may change."""
        return f"last-word-1-{'case' if self.case else 'nocase'}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Returns one verdict per completion, in order; whatever a completion holds, it does not raise."""
        return [self._one(str(problem.reference), completion) for completion in completions]

    def _one(self, reference: str, completion: str) -> Verdict:
        words = re.findall(r"[^\W\d_]+", completion)
        if not words:
            return Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER)
        same = words[-1] == reference if self.case else words[-1].casefold() == reference.casefold()
        if same:
            return Verdict(Outcome.CORRECT, self.id, extracted=words[-1])
        return Verdict(Outcome.INCORRECT, self.id, Reason.WRONG_ANSWER, extracted=words[-1])
