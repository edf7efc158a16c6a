"""Sums, differences and products of whole numbers: endless exact problems whose difficulty is a parameter.

Two expressions have the same *content* when they differ only in the order of their terms and factors: 47 + 38 and
38 + 47. A content comes up at most once over both splits, so a held-out problem is never a mirror of a trained one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import prod
from random import Random
from typing import Annotated, Literal

from annotated_types import Ge

from rft.errors import InputError, unknown
from rft.options import Count
from rft.seeds import derive_seed
from rft.types import Problem

Operation = Literal["+", "-", "*"]
Content = tuple[tuple[int, tuple[int, ...]], ...]
"""The signed products of an expression, sorted: 3 - 2 * 5 is ((-1, (2, 5)), (1, (3,)))."""

SPLITS = ("train", "test")
TEST_SHARE = 5
"""One content in so many belongs to the test split, whatever the counts, so raising either never moves the other."""


@dataclass(frozen=True)
class Arithmetic:
    """Whole-number arithmetic with exact answers, made from a seed: "What is 47 + 38?"."""

    n_problems: Count = 400
    """Problems in split train; a larger number extends the list, the first ones stay."""
    n_test: Annotated[int, Ge(0)] = 0
    """Problems in split test."""
    digits: Count = 2
    """Digits of every number: 2 means 10 to 99 (1 means 1 to 9)."""
    terms: Annotated[int, Ge(2)] = 2
    """Numbers in an expression."""
    operations: tuple[Operation, ...] = ("+", "-")
    """Which of + - * come up; * binds more tightly."""
    seed: int = 0
    """Another seed gives other problems in another order."""

    def __post_init__(self) -> None:
        if not self.operations or len(set(self.operations)) != len(self.operations):
            raise InputError(
                f"task 'arithmetic', option 'operations' is {list(self.operations)}; give each of + - * at most once"
            )

    @property
    def splits(self) -> tuple[str, ...]:
        """Train and test; the latter may be empty (see n_test)."""
        return SPLITS

    @property
    def space(self) -> int:
        """Number of expressions that can be written with these options, mirrored ones counted apart."""
        return int(self._numbers**self.terms * len(self.operations) ** (self.terms - 1))

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split.

        Raises:
            InputError: the split is unknown, or holds fewer problems than are asked for.
        """
        if split not in SPLITS:
            raise unknown("split", split, SPLITS, where=" of task 'arithmetic'")
        option, wanted = ("n_problems", self.n_problems) if split == "train" else ("n_test", self.n_test)
        if not wanted:
            raise InputError("task 'arithmetic': split 'test' is empty; set option n_test, e.g. n_test: 100")
        found = list(islice(self._expressions(split), wanted)) if wanted <= self.space else []
        if len(found) < wanted:
            limit = f"there are {len(found)}" if found else f"there are fewer than {self.space}"
            raise InputError(
                f"task 'arithmetic', option '{option}' is {wanted}, but {limit} different problems in split '{split}' "
                "with these options; ask for fewer, or raise digits or terms"
            )
        return (self._problem(split, index, numbers, signs) for index, (numbers, signs) in enumerate(found))

    @property
    def _numbers(self) -> int:
        return int(10**self.digits - 10 ** (self.digits - 1))

    def _expressions(self, split: str) -> Iterator[tuple[list[int], list[str]]]:
        rng = Random(derive_seed(self.seed, "arithmetic"))
        keys = [rng.getrandbits(self.space.bit_length()) for _ in range(4)]
        seen: set[Content] = set()
        for index in range(self.space):
            numbers, signs = self._decode(permute(index, self.space, keys))
            key = content(numbers, signs)
            in_test = derive_seed(self.seed, "arithmetic split", repr(key)) % TEST_SHARE == 0
            if in_test == (split == "test") and key not in seen:
                seen.add(key)
                yield numbers, signs

    def _decode(self, code: int) -> tuple[list[int], list[str]]:
        numbers, signs = [], []
        for _ in range(self.terms):
            code, number = divmod(code, self._numbers)
            numbers.append(number + 10 ** (self.digits - 1))
        for _ in range(self.terms - 1):
            code, sign = divmod(code, len(self.operations))
            signs.append(str(self.operations[sign]))
        return numbers, signs

    def _problem(self, split: str, index: int, numbers: list[int], signs: list[str]) -> Problem:
        expression = str(numbers[0]) + "".join(
            f" {sign} {number}" for sign, number in zip(signs, numbers[1:], strict=True)
        )
        return Problem(
            id=f"arithmetic/{split}/{index}",
            prompt=f"What is {expression}?",
            verifier="math",
            reference=str(sum(sign * prod(factors) for sign, factors in content(numbers, signs))),
            task="arithmetic",
            split=split,
            metadata={"expression": expression, "digits": self.digits, "terms": self.terms},
        )


def content(numbers: list[int], signs: list[str]) -> Content:
    """Returns an expression's content, equal for expressions that differ in order only.

    >>> content([38, 47], ["+"]) == content([47, 38], ["+"])
    True
    """
    products: list[tuple[int, list[int]]] = [(1, [numbers[0]])]
    for sign, number in zip(signs, numbers[1:], strict=True):
        if sign == "*":
            products[-1][1].append(number)
        else:
            products.append((1 if sign == "+" else -1, [number]))
    return tuple(sorted((sign, tuple(sorted(factors))) for sign, factors in products))


def permute(index: int, size: int, keys: list[int]) -> int:
    """Returns where a shuffle of ``range(size)`` puts ``index``, without holding the range.

    Odd multiplication, addition and xor-shift are each one-to-one on k-bit numbers; numbers at or above ``size`` are
    sent through again until they fall below it (cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite
    Domains", 2002). The keys should have as many bits as ``size``.
    """
    bits = max(2, (size - 1).bit_length())
    while True:
        for key in keys:
            index = (index * (2 * key + 1) + key) % (1 << bits)
            index ^= index >> (bits // 2)
        if index < size:
            return index
