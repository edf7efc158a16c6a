"""Compares what a call returned with what was expected. Both are plain values; a proxy equals nothing."""

from typing import Any

RELATIVE = 1e-7
"""The relative tolerance on top of the absolute one, as numpy.allclose has it."""
NUMBERS = (int, float, complex)
SCALARS = frozenset({bool, int, float, complex, str, bytes, bytearray, type(None)})
SEQUENCES = (list, tuple)
SETS = (set, frozenset)
INFINITY = float("inf")
MAX_MATCHED = 5_000
"""Items that are matched one by one when their order does not count and they cannot be sorted."""


class ExamRules:
    """The rules of one exam.

    Args:
        tolerance: absolute; None compares floats exactly.
        ordered: False takes two lists for equal that differ only in the order of their items.
        loose_sequences: a list equals a tuple of the same items.
        strict_types: scalars must be of the same type; else True equals 1 and 1 equals 1.0, as in Python.
    """

    def __init__(
        self,
        tolerance: float | None = None,
        ordered: bool = True,
        loose_sequences: bool = False,
        strict_types: bool = False,
    ) -> None:
        self._tolerance = tolerance
        self._ordered = ordered
        self._loose = loose_sequences
        self._strict = strict_types

    def equal(self, got: Any, expected: Any) -> bool:
        """Whether a result is the expected one."""
        if self._ordered or type(expected) not in SEQUENCES:
            return self._same(got, expected)
        if not self._alike(got, expected) or len(got) != len(expected):
            return False
        try:
            if self._all(sorted(got), sorted(expected)):
                return True
        except TypeError:
            pass
        return len(expected) <= MAX_MATCHED and self._matched(list(got), expected)

    def _matched(self, left: list[Any], expected: Any) -> bool:
        for item in expected:
            found = next((i for i, other in enumerate(left) if self._same(other, item)), None)
            if found is None:
                return False
            del left[found]
        return True

    def _same(self, got: Any, expected: Any) -> bool:
        kind = type(expected)
        if kind in SEQUENCES:
            return self._alike(got, expected) and self._all(got, expected)
        if kind in SCALARS:
            return type(got) in SCALARS and self._same_scalar(got, expected)
        if kind in SETS:
            return type(got) in SETS and (got == expected or self._same_set(got, expected))
        if kind is not type(got):
            return False
        if kind is dict:
            return self._same_dict(got, expected)
        if hasattr(expected, "tolist"):
            return self._same(got.tolist(), expected.tolist())
        return bool(got == expected)

    def _alike(self, got: Any, expected: Any) -> bool:
        return type(got) is type(expected) or (self._loose and type(got) in SEQUENCES)

    def _all(self, got: Any, expected: Any) -> bool:
        return len(got) == len(expected) and all(map(self._same, got, expected))

    def _same_dict(self, got: dict[Any, Any], expected: dict[Any, Any]) -> bool:
        if len(got) != len(expected):
            return False
        return all(key in got and self._same(got[key], item) for key, item in expected.items())

    def _same_set(self, got: Any, expected: Any) -> bool:
        """Sets of numbers, within the tolerance."""
        if self._tolerance is None or len(got) != len(expected):
            return False
        if not all(type(item) in (int, float) for item in (*got, *expected)):
            return False
        return all(map(self._same_scalar, sorted(got), sorted(expected)))

    def _same_scalar(self, got: Any, expected: Any) -> bool:
        if self._strict and type(got) is not type(expected):
            return False
        if got == expected or (expected != expected and got != got):  # NaN is met by NaN
            return True
        if self._tolerance is None or not isinstance(got, NUMBERS) or not isinstance(expected, NUMBERS):
            return False
        try:
            return abs(got - expected) <= self._tolerance + RELATIVE * abs(expected) < INFINITY
        except OverflowError:  # an integer that no float reaches
            return False
