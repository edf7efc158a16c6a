"""Testers that stay: for whatever comes next after ordinary work, and never after anything else."""

import threading
from collections.abc import Iterator

import pytest

from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import JSON, Limits, Program
from tests.conftest import require_language, require_local
from tests.sandboxes.shots import EXAM, RIGHT, WRONG, passed, programs, shoot, within

CALLS: JSON = {"entry_point": "add", "calls": [{"args": [1, 2], "expected": 3}]}
OTHER: JSON = {"entry_point": "double", "program": "import math\nassert double(math.floor(2.5)) == 4"}
DOUBLE = Program("def double(x): return 2 * x")


class Slot:
    """A sandbox with one slot, and the tester that waits in it."""

    def __init__(self) -> None:
        self._others = set(programs())
        self.sandbox = LocalSandbox(slots=1)

    def passes(self, exam: JSON, candidate: Program) -> bool:
        return passed(self.sandbox.examine(candidate, exam, Limits(cpu_s=1, wall_s=2)))

    def waiting(self) -> list[int]:
        return sorted(set(programs()) - self._others)

    def is_empty(self) -> bool:
        return within(lambda: self.waiting() == [])


@pytest.fixture
def slot() -> Iterator[Slot]:
    require_local()
    found = Slot()
    yield found
    found.sandbox.close()


def test_one_tester_examines_candidates_of_several_problems(slot: Slot) -> None:
    seen = []
    for exam, candidate, right in (
        (EXAM, RIGHT, True),
        (CALLS, RIGHT, True),
        (EXAM, WRONG, False),
        (OTHER, DOUBLE, True),
    ):
        assert slot.passes(exam, candidate) is right
        seen.append(slot.waiting())
    assert len(seen[0]) == 1
    assert seen == [seen[0]] * 4


@pytest.mark.parametrize(
    "source",
    ["", "1 +", "def add(a, b): raise ValueError", "import os\ndef add(a, b): os._exit(0)", "def other(): pass"],
)
def test_it_stays_after_an_ordinary_failure(slot: Slot, source: str) -> None:
    assert not slot.passes(EXAM, Program(source))
    assert len(slot.waiting()) == 1


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __eq__(self, other): return True\ndef add(a, b): return A()",
        "def add(a, b): return list(range(1_000_000))",
        "import os\ndef add(a, b): os.write(3, b'\\0\\0\\0\\1x')",
    ],
)
def test_it_goes_after_any_other(slot: Slot, source: str) -> None:
    assert slot.passes(EXAM, RIGHT)
    assert not slot.passes(EXAM, Program(source))
    assert slot.is_empty()


POISON = [
    "import math\nmath.floor = lambda x: 7\nassert add(1, 2) == 3",
    "import decimal\nassert add(1, 2) == 3",
    "# in the style of unittest, which is patched for them\nassert add(1, 2) == 3",
]


@pytest.mark.parametrize("program", POISON)
def test_it_goes_after_a_program_that_may_leave_something(slot: Slot, program: str) -> None:
    assert slot.passes(EXAM, RIGHT)
    assert slot.passes({"entry_point": "add", "program": program}, RIGHT)
    assert slot.is_empty()
    assert slot.passes(OTHER, DOUBLE)


def test_a_setup_counts_too(slot: Slot) -> None:
    assert slot.passes(EXAM | {"setup": "import math\nmath.floor = lambda x: 7"}, RIGHT)
    assert slot.is_empty()


def test_a_tester_that_was_killed_while_it_waited_is_replaced(slot: Slot) -> None:
    assert slot.passes(EXAM, RIGHT)
    shoot(killed := slot.waiting())
    assert slot.is_empty()
    assert slot.passes(OTHER, DOUBLE)
    assert slot.waiting() != killed


def test_no_candidate_sees_the_waiting_tester(slot: Slot) -> None:
    assert slot.passes(EXAM, RIGHT)
    look = "import os\ndef add(a, b): return len([p for p in os.listdir('/proc') if p.isdigit()])"
    assert slot.passes({"entry_point": "add", "program": "assert add(1, 2) == 1"}, Program(look))


def test_tests_in_javascript_take_the_place_of_a_waiting_tester(slot: Slot) -> None:
    require_language("javascript")
    add = Program("const add = (a, b) => a + b;", "javascript")
    script: JSON = {"entry_point": "add", "language": "javascript", "program": "if (add(1, 2) !== 3) throw 'no'"}
    for exam in (CALLS, script, CALLS, script):
        assert slot.passes(exam, add)


BUSY = {"entry_point": "add", "program": "assert sum(range(2_000_000)) and add(1, 2) == 3"}


def test_a_tester_that_is_shot_amid_a_late_exam_costs_no_candidate_its_verdict(slot: Slot) -> None:
    """What it spent on earlier exams is not taken for time of this one."""
    limits = Limits(cpu_s=1, wall_s=5)
    for _ in range(20):
        assert passed(slot.sandbox.examine(RIGHT, BUSY, limits))
    tester = slot.waiting()
    shot = threading.Timer(0.3, shoot, (tester,))
    shot.start()
    slow = Program("import time\ndef add(a, b):\n    time.sleep(0.7)\n    return a + b")
    assert passed(slot.sandbox.examine(slow, EXAM, limits))
    shot.join()
    assert slot.waiting() != tester


def test_the_time_of_an_exam_is_its_own(slot: Slot) -> None:
    for _ in range(5):
        took_s = slot.sandbox.examine(RIGHT, BUSY, Limits()).tester.cpu_s
        assert 0 < took_s < 0.5


@pytest.mark.parametrize("report", ["5", "null", "[1]", '{"again": true}', '{"again": true, "cpu_s": "x"}', "no"])
def test_a_report_that_is_none_is_no_verdict(slot: Slot, report: str) -> None:
    forged = f"import os\nos.write(4, {report.encode()!r})\nos._exit(0)"
    found = slot.sandbox.examine(RIGHT, {"entry_point": "add", "program": forged}, Limits())
    assert not passed(found)
    assert slot.passes(EXAM, RIGHT)


def test_an_exam_has_the_output_limit_of_its_own_job(slot: Slot) -> None:
    loud = {"entry_point": "add", "program": "print('x' * 60_000, flush=True)\nassert add(1, 2) == 3"}
    assert passed(slot.sandbox.examine(RIGHT, EXAM, Limits(output_kib=16)))
    assert passed(slot.sandbox.examine(RIGHT, loud, Limits(output_kib=1024)))
    assert passed(slot.sandbox.examine(RIGHT, EXAM, Limits(output_kib=1024)))
    assert slot.sandbox.examine(RIGHT, loud, Limits(output_kib=16)).tester.stdout_truncated


def test_an_impure_program_finds_clocks_that_have_just_begun(slot: Slot) -> None:
    for _ in range(5):
        assert slot.passes(BUSY, RIGHT)
    program = "import resource, time\nassert add(1, 2) == 3\nassert time.process_time() < 0.05"
    assert slot.passes({"entry_point": "add", "program": program}, RIGHT)
    assert slot.is_empty()


def test_an_impure_program_that_ends_its_process_leaves_no_report_and_no_tester(slot: Slot) -> None:
    assert slot.passes(EXAM, RIGHT)
    found = slot.sandbox.examine(RIGHT, {"entry_point": "add", "program": "import os\nos._exit(3)"}, Limits())
    assert (found.report, found.tester.exit_code) == (None, 3)
    assert slot.is_empty()


def test_what_a_candidate_left_with_its_tester_is_told_in_its_own_exam(slot: Slot) -> None:
    source = "async def nap(): pass\ndef add(a, b): return [nap() for _ in range(3)]"
    program = "kept = add(1, 2)\nassert len(kept) == 3"
    slot.sandbox.examine(Program(source), {"entry_point": "add", "program": program}, Limits())
    assert slot.sandbox.examine(RIGHT, EXAM, Limits()).tester.stderr == ""
