"""Drops what is too short to show its work, or longer than one wants to train on."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from rft.errors import InputError
from rft.types import Judged, Problem


@dataclass(frozen=True)
class Length:
    """Drops completions by their number of tokens, as the engine counted them."""

    min_tokens: Annotated[int, Ge(0)] = 0
    """Fewer than this is ``too_short``."""
    max_tokens: Annotated[int, Ge(1)] | None = None
    """More than this is ``too_long``. None: no upper end."""

    def __post_init__(self) -> None:
        """Refuses a range that holds nothing.

        Raises:
            InputError: min_tokens is above max_tokens.
        """
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise InputError(
                f"filter 'length': min_tokens is {self.min_tokens} and max_tokens {self.max_tokens}, so every sample "
                "would be dropped; give a min_tokens of at most max_tokens"
            )

    def drop(self, problem: Problem, judged: Judged) -> str | None:
        """Returns ``too_short`` or ``too_long``, or None."""
        n_tokens = judged.sample.n_tokens
        if n_tokens < self.min_tokens:
            return "too_short"
        return "too_long" if self.max_tokens is not None and n_tokens > self.max_tokens else None
