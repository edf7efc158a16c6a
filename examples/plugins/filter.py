"""A filter in one file: completions that hold too many words are not trained on."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from rft import Judged, Problem


@dataclass(frozen=True)
class AtMostWords:
    """Drops a correct completion with more than ``n`` words."""

    n: Annotated[int, Ge(1)] = 4

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns the reason as the funnel shows it, or None to keep the sample."""
        return "wordy" if len(judged.sample.text.split()) > self.n else None
