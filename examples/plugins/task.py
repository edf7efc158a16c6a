"""A task in one file: words to be written backwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from rft import InputError, Problem

WORDS = ("stone", "river", "cloud", "table", "green", "light", "paper", "music", "horse", "bread", "chair", "plant")


@dataclass(frozen=True)
class Backwards:
    """Words to be written backwards, in an order that the seed decides."""

    n_problems: int = 12
    """At most 12."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n_problems <= len(WORDS):
            raise InputError(
                f"task 'Backwards', option 'n_problems' is {self.n_problems}; 1 to {len(WORDS)} is allowed"
            )

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that ``problems`` takes."""
        return ("train",)

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in a fixed order."""
        if split not in self.splits:
            raise InputError(f"task 'Backwards' has no split '{split}'; it has: train")
        words = Random(self.seed).sample(WORDS, self.n_problems)
        for word in words:
            yield Problem(
                id=f"backwards/{word}",
                prompt=f"Write the word '{word}' backwards.",
                verifier="verifier:LastWord",
                reference=word[::-1],
                task="backwards",
                split=split,
            )
