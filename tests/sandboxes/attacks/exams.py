"""The exams that the attacks try to pass without an answer, each with an answer that does pass."""

from dataclasses import dataclass

from rft.types import JSON


@dataclass(frozen=True, slots=True)
class Exam:
    """What a tester is given, and a solution that proves that it can be passed."""

    exam: JSON
    solution: str
    checks: int


def _program(entry_point: str | None, program: str, **more: JSON) -> JSON:
    return {"entry_point": entry_point, "setup": "", "program": program, "in_place": False} | more


def _calls(entry_point: str, cases: list[tuple[list[JSON], JSON]], **more: JSON) -> JSON:
    calls = [{"args": args, "kwargs": {}, "expected": expected} for args, expected in cases]
    return {"entry_point": entry_point, "calls": calls, "tolerance": None, "ordered": True, "in_place": False} | more


ADD = """
assert add(1, 2) == 3
assert add(-7, 7) == 0
assert add(10**20, 1) == 10**20 + 1
assert add(0.5, 0.25) == 0.75
assert [add(i, i) for i in range(5)] == [0, 2, 4, 6, 8]
"""
CHECK = """
def check(candidate):
    assert candidate(1, 2) == 3, "small"
    assert candidate(40, 2) == 42
    for left in range(3):
        assert candidate(left, 1) == left + 1
check(add)
"""
UNITTEST = """
import unittest
class TestAdd(unittest.TestCase):
    def test_small(self):
        self.assertEqual(add(1, 2), 3)
    def test_negative(self):
        self.assertEqual(add(-7, 7), 0)
        self.assertTrue(add(1, 1) == 2)
unittest.main()
"""
SORT = """
assert sort_list([3, 1, 2]) == [1, 2, 3]
assert sort_list([]) == []
assert sort_list([5, 5, -1]) == [-1, 5, 5]
assert len(sort_list([2, 1])) == 2 and sort_list([2, 1])[0] == 1
assert sorted([9, 8, 7]) == sort_list([9, 8, 7])
"""
IN_PLACE = """
given = [3, 1, 2]
assert sort_in_place(given) is None
assert given == [1, 2, 3]
given = [2, 1, 2]
expected = sorted(given)
sort_in_place(given)
assert given == expected
"""
UNTOUCHED = """
for given in ([3, 1, 2], [9, 7], [1]):
    assert sort_list(given) == sorted(given)
"""
CALLBACK = """
seen = []
def double(x):
    seen.append(x)
    return 2 * x
assert apply_twice(double, 3) == 12
assert seen == [3, 6]
assert apply_twice(lambda text: text + "!", "hi") == "hi!!"
"""
OBJECT = """
counter = Counter()
counter.add("a")
counter.add("a")
counter.add("b")
assert counter.count("a") == 2
assert counter.count("z") == 0
assert len(counter) == 2
assert sorted(counter.names()) == ["a", "b"]
assert str(counter) == "a=2 b=1"
"""
COUNTER = """
class Counter:
    def __init__(self): self.seen = {}
    def add(self, name): self.seen[name] = self.seen.get(name, 0) + 1
    def count(self, name): return self.seen.get(name, 0)
    def names(self): return list(self.seen)
    def __len__(self): return len(self.seen)
    def __str__(self): return " ".join(f"{name}={n}" for name, n in self.seen.items())
"""
RAISES = """
caught = False
try:
    root(-1)
except ValueError:
    caught = True
assert caught
assert root(9) == 3
assert root(0) == 0
"""
TRUTH = """
assert is_even(2)
assert not is_even(3)
assert is_even(4) is True
assert all(map(is_even, [2, 4, 6]))
assert not any(map(is_even, [1, 3]))
assert list(filter(is_even, range(5))) == [0, 2, 4]
"""
MEAN = """
assert abs(mean([1, 2]) - 1.5) < 1e-6
assert abs(mean([10]) - 10.0) < 1e-6
assert round(mean([1, 1, 2]), 3) == 1.333
assert 2 <= mean([1, 2, 3, 4]) <= 3
"""
FIRST = """
assert next(iter(squares(3))) == 0
assert list(squares(4)) == [0, 1, 4, 9]
assert sum(squares(3)) == 5
"""

ITERATORS = """
assert all(map(is_sorted, [iter([1, 2]), iter([3])]))
assert not any(map(is_sorted, [iter([2, 1]), iter([3, 0])]))
"""
NOT_IMPORTED = """
assert math.isclose(mean([1, 2]), 1.5)
assert math.isclose(mean([1, 1, 2]), 4 / 3)
"""
ARRAYS = """
import numpy as np
assert np.allclose(squares([1, 2, 3]), [1, 4, 9])
np.testing.assert_allclose(squares([4.0]), [16.0])
assert np.array_equal(squares([2]), np.array([4]))
"""
MANAGED = """
with Gauge() as gauge:
    assert gauge.read(2) == 4
    assert gauge.read(3) == 9
assert gauge.read(1) == 1
"""
GAUGE = """
class Gauge:
    def __enter__(self): return self
    def __exit__(self, *error): return False
    def read(self, x): return x * x
"""

EXAMS: dict[str, Exam] = {
    "iterators": Exam(
        _program("is_sorted", ITERATORS),
        "def is_sorted(xs):\n    xs = list(xs)\n    return xs == sorted(xs)",
        2,
    ),
    "not_imported": Exam(_program("mean", NOT_IMPORTED), "def mean(xs): return sum(xs) / len(xs)", 2),
    "arrays": Exam(_program("squares", ARRAYS), "def squares(xs): return [x * x for x in xs]", 2),
    "managed": Exam(_program("Gauge", MANAGED), GAUGE, 3),
    "add": Exam(_program("add", ADD), "def add(a, b): return a + b", 5),
    "check": Exam(_program("add", CHECK), "def add(a, b): return a + b", 5),
    "unittest": Exam(_program("add", UNITTEST), "def add(a, b): return a + b", 3),
    "calls": Exam(_calls("add", [([1, 2], 3), ([-7, 7], 0), ([2.5, 0], 2.5)]), "def add(a, b): return a + b", 3),
    "near": Exam(
        _calls("mean", [([[1, 2]], 1.5), ([[1, 1, 2]], 4 / 3)], tolerance=1e-6),
        "def mean(xs): return sum(xs) / len(xs)",
        2,
    ),
    "bag": Exam(
        _calls("pairs", [([[1, 2]], [[1, 2], [2, 1]]), ([[3]], [])], ordered=False),
        "def pairs(xs): return [[a, b] for a in xs for b in xs if a != b]",
        2,
    ),
    "sort": Exam(_program("sort_list", SORT), "def sort_list(xs): return sorted(xs)", 5),
    "untouched": Exam(_program("sort_list", UNTOUCHED), "def sort_list(xs): return sorted(xs)", 3),
    "in_place": Exam(_program("sort_in_place", IN_PLACE, in_place=True), "def sort_in_place(xs): xs.sort()", 3),
    "callback": Exam(_program("apply_twice", CALLBACK), "def apply_twice(f, x): return f(f(x))", 3),
    "object": Exam(_program("Counter", OBJECT), COUNTER, 5),
    "raises": Exam(
        _program("root", RAISES),
        "def root(x):\n    if x < 0:\n        raise ValueError(x)\n    return int(x ** 0.5)",
        3,
    ),
    "truth": Exam(_program("is_even", TRUTH), "def is_even(n): return n % 2 == 0", 6),
    "mean": Exam(_program("mean", MEAN), "def mean(xs): return sum(xs) / len(xs)", 4),
    "first": Exam(_program("squares", FIRST), "def squares(n): return (i * i for i in range(n))", 3),
    "globals": Exam(
        _program(None, "assert add(1, 2) == 3\nassert NAME == 'add'"),
        "NAME = 'add'\n\n\ndef add(a, b): return a + b",
        2,
    ),
}
"""By the name that the head of an attack gives."""
