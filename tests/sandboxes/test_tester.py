"""An examination in two processes: what is right passes, what is not fails with its kind."""

from typing import Any

import pytest

from tests.sandboxes.exam_rig import called, examined
from tests.sandboxes.exam_tables import NOT_RIGHT, OBJECTS, RIGHT, cases

IDENTITY = "def f(x): return x"
STACK = """
class Stack:
    size = 0
    def __init__(self, *items): self.items = list(items)
    def push(self, item): self.items.append(item); return self
    def pop(self): return self.items.pop()
    def __len__(self): return len(self.items)
    def __iter__(self): return iter(self.items)
    def __getitem__(self, i): return self.items[i]
    def __contains__(self, item): return item in self.items
    def __eq__(self, other): return self.items == other.items
    def __add__(self, other): return Stack(*self.items, *other.items)
    def __enter__(self): return self
    def __exit__(self, *error): self.items.clear()
    def __str__(self): return "stack"
    @classmethod
    def of(cls, n): return cls(*range(n))
"""


@pytest.mark.parametrize(("checks", "source", "program"), cases(RIGHT))
def test_what_is_right_passes_with_every_check_counted(checks: str, source: str, program: str) -> None:
    found = examined(source, program)
    told = {"checks": int(checks), "passed": True, "failure": None, "objects": found["objects"], "forgeable": False}
    assert found == told


@pytest.mark.parametrize(
    "program",
    [
        "s = Stack(1)\ns.push(2).push(3)\nassert s.pop() == 3\nassert len(s) == 2",
        "s = Stack(1, 2)\nassert list(s) == [1, 2]\nassert s[0] == 1",
        "assert Stack.size == 0\nassert Stack.of(2).items == [0, 1]",
        "s = Stack()\ns.items = [5]\nassert s.pop() == 5\nassert not hasattr(s, 'other')",
        "with Stack(1) as s:\n    assert s.pop() == 1",
        "assert str(Stack()) == f'{Stack()}' == 'stack'",
        "assert [x for x in Stack.of(3)] == [0, 1, 2] and max(Stack.of(3)) == 2 and sorted(Stack(2, 1)) == [1, 2]",
        "a, b = Stack(1, 2)\nassert (a, b) == (1, 2)",
        "s = Stack()\ntry:\n    s.pop()\nexcept IndexError:\n    caught = True\nassert caught",
        "assert [Stack(i).pop() for i in range(300)] == list(range(300))",
    ],
)
def test_an_object_is_used_where_it_lives(program: str) -> None:
    found = examined(STACK, program, "Stack")
    assert found["passed"], found
    assert found["objects"] > 0
    assert not found["forgeable"]


@pytest.mark.parametrize(
    "program",
    [
        "assert Stack(1) == Stack(1)",
        "assert Stack(1) != Stack(2)",
        "assert Stack(1)",
        "assert 1 in Stack(1)",
        "assert (Stack(1) + Stack(2)).items == [1, 2]",
        "assert isinstance(Stack(1), Stack)",
        "assert Stack(1) != 1",
        "assert Stack(1) in [Stack(2), Stack(1)]",
    ],
)
def test_the_opinion_of_an_object_is_noted(program: str) -> None:
    found = examined(STACK, program, "Stack")
    assert found["passed"], found
    assert found["forgeable"]


@pytest.mark.parametrize(("head", "source", "program"), cases(OBJECTS))
def test_other_objects_work_through_handles(head: str, source: str, program: str) -> None:
    assert examined(source, program)["passed"]


@pytest.mark.parametrize(("kind", "source", "program"), cases(NOT_RIGHT))
def test_what_is_not_right_fails_with_its_kind(kind: str, source: str, program: str) -> None:
    found = examined(source, program)
    assert not found["passed"]
    assert found["failure"]["kind"] == kind, found


def test_a_setup_that_fails_is_the_fault_of_the_tests() -> None:
    assert examined(IDENTITY, "assert f(1) == 1", setup="1 / 0")["failure"]["kind"] == "tests"


def test_a_setup_defines_what_tests_use() -> None:
    assert examined(IDENTITY, "assert f(double(2)) == 4", setup="def double(x): return x * 2")["passed"]


def test_names_of_the_candidate_are_found_without_an_entry_point() -> None:
    source = "class Pair:\n    def __init__(self, a): self.a = a\ndef total(pairs): return sum(p.a for p in pairs)"
    found = examined(source, "assert total([Pair(1), Pair(2)]) == 3", None)
    assert found["passed"], found
    assert not found["forgeable"]


@pytest.mark.parametrize(
    ("program", "entry_point"),
    [("assert close(f(1), 2)", "f"), ("assert f(1) == ONE", "f"), ("assert f(1) == ONE", None)],
)
def test_a_helper_of_the_candidate_that_judges_is_noted(program: str, entry_point: str | None) -> None:
    source = "ONE = 1\ndef f(x): return x\ndef close(a, b): return True"
    found = examined(source, program, entry_point)
    assert found["passed"]
    assert found["forgeable"]


def test_a_library_is_never_the_candidates() -> None:
    source = "class math:\n    isclose = lambda a, b: True\ndef f(x): return x"
    assert not examined(source, "assert math.isclose(f(1), 2)")["passed"]


def test_arguments_change_only_where_the_exam_says_so() -> None:
    source = "def f(rows, seen): rows[0][0] = 9; rows.append([3]); seen['k'] = 1"
    program = "rows, seen = [[1], [2]], {}\nfirst = rows[0]\nf(rows, seen)\nassert (rows, seen, first) == "
    assert examined(source, program + "([[1], [2]], {}, [1])")["passed"]
    assert examined(source, program + "([[9], [2], [3]], {'k': 1}, [1])", in_place=True)["passed"]
    same_length = program.replace("append([3])", "append")
    assert examined("def f(rows, seen): rows[0][0] = 9", same_length + "([[9], [2]], {}, [9])", in_place=True)["passed"]


@pytest.mark.parametrize("entry_point", ["Solution.f", "Solution().f"])
def test_a_method_gets_a_fresh_object_per_call(entry_point: str) -> None:
    source = "class Solution:\n    def __init__(self): self.n = 0\n    def f(self, x): self.n += x; return self.n"
    case = {"args": [2], "expected": 2}
    assert called(source, case, case, entry_point=entry_point)["passed"]
    assert examined(source, "def check(c):\n    assert c(2) == c(x=2) == 2", entry_point)["passed"]


@pytest.mark.parametrize(
    ("value", "expected", "rules", "passed"),
    [
        ("3", 3, {}, True),
        ("3", 4, {}, False),
        ("(1, 2)", {"$tuple": [1, 2]}, {}, True),
        ("(1, 2)", [1, 2], {}, False),
        ("(1, 2)", [1, 2], {"loose_sequences": True}, True),
        ("[(1, 2)]", [[1, 2]], {"loose_sequences": True}, True),
        ("True", 1, {}, True),
        ("1", True, {"strict_types": True}, False),
        ("True", True, {"strict_types": True}, True),
        ("0.1 + 0.2", 0.3, {}, False),
        ("0.1 + 0.2", 0.3, {"tolerance": 1e-9}, True),
        ("[{'a': 0.1 + 0.2}]", [{"a": 0.3}], {"tolerance": 1e-9}, True),
        ("1e9 + 1", 1e9, {"tolerance": 0}, True),
        ("1e9 + 1000", 1e9, {"tolerance": 0}, False),
        ("1e308 * 10", 1.0, {"tolerance": 1.0}, False),
        ("1.0", {"$float": "inf"}, {"tolerance": 1.0}, False),
        ("float('inf')", {"$float": "inf"}, {"tolerance": 1.0}, True),
        ("10 ** 400", 1.5, {"tolerance": 1.0}, False),
        ("float('nan')", {"$float": "nan"}, {}, True),
        ("float('nan')", 1.0, {"tolerance": 1.0}, False),
        ("[3, 1, 2]", [1, 2, 3], {}, False),
        ("[3, 1, 2]", [1, 2, 3], {"ordered": False}, True),
        ("[3, 1, 1]", [1, 3, 3], {"ordered": False}, False),
        ("[None, 1, 'a']", ["a", None, 1], {"ordered": False}, True),
        ("{1, 2}", {"$set": [2, 1]}, {}, True),
        ("{0.1 + 0.2}", {"$set": [0.3]}, {"tolerance": 1e-9}, True),
        ("'3'", 3, {"tolerance": 1.0}, False),
        ("None", None, {}, True),
        ("object()", None, {}, False),
        ("iter([1])", [1], {}, False),
        ("type('Y', (), {'__eq__': lambda a, b: True})()", 1, {}, False),
        ("[type('Y', (), {'__eq__': lambda a, b: True})()]", [1], {"ordered": False}, False),
    ],
)  # fmt: skip
def test_a_call_is_judged_by_the_rules(value: str, expected: object, rules: dict[str, Any], passed: bool) -> None:
    found = called(f"def f(): return {value}", {"args": [], "expected": expected}, **rules)
    assert found["passed"] is passed, found
    assert found["checks"] == 1


def test_a_call_in_place_is_judged_by_its_first_argument() -> None:
    case = {"args": [[2, 1]], "kwargs": {}, "expected": [1, 2]}
    assert called("def f(x): x.sort()", case, in_place=True)["passed"]
    assert not called("def f(x): x.sort()", case)["passed"]


def test_calls_stop_at_the_first_failure() -> None:
    cases = [{"args": [i], "expected": i} for i in (1, 2, 3)]
    found = called("def f(x): return x if x < 2 else 0", *cases)
    assert (found["checks"], found["failure"]["check"]) == (2, 1)
    assert found["failure"]["detail"] == "returned 0, expected 2"


def test_checks_in_a_callback_do_not_count() -> None:
    source = "def f(g):\n    for _ in range(10): g(1)"
    found = examined(source, "def g(x):\n    assert x == 1\nassert f(g) is None")
    assert found["passed"]
    assert found["checks"] == 1


def test_handles_of_dropped_objects_are_given_back() -> None:
    source = STACK + "\nimport gc\ndef alive(): return sum(type(o).__name__ == 'Stack' for o in gc.get_objects())"
    program = "for i in range(50):\n    Stack(i)\nassert alive() < 5"
    found = examined(source, program, None)
    assert found["passed"], found
