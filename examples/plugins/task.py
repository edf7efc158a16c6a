"""A task in one file: words to be written backwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Annotated, ClassVar

from annotated_types import Ge, Le

from rft import InputError, Problem

WORDS = ("stone", "river", "cloud", "table", "green", "light", "paper", "music", "horse", "bread", "chair", "plant")


@dataclass(frozen=True)
class Backwards:
    """Words to be written backwards, in an order that the seed decides."""

    splits: ClassVar[tuple[str, ...]] = ("train",)
    n_problems: Annotated[int, Ge(1), Le(len(WORDS))] = 12
    seed: int = 0

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
