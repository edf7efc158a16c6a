"""The code verifier: what programs deserve, in a real sandbox; what becomes of faults, on facts by a table."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from rft.errors import InputError, SandboxError
from rft.judging.probes import code_singles
from rft.registry import build
from rft.testing import PASSED, FakeSandbox, ended, examined
from rft.types import JSON, Limits, Outcome, Problem, Program, Reason, Sandbox, Status, Trust, Verdict, Verifier
from rft.verifiers.code.verifier import CodeVerifier
from tests.verifiers.code_sandboxes import Watched

ADD = {"entry_point": "add", "tests": ["assert add(1, 2) == 3", "assert add(2, 2) == 4"]}
CALLS = {"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}, {"args": [2, 2], "expected": 4}]}
SUM = {"cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "2 2\n", "stdout": "4\n"}]}
RIGHT = "def add(a, b):\n    return a + b\n"
SUMS = "print(sum(map(int, input().split())))\n"
EVEN = 'import json, sys\nsys.exit(int(json.load(sys.stdin)["stdout"]) % 2)\n'


def fenced(source: str) -> str:
    return f"```\n{source}\n```"


def judge(sandbox: Sandbox, reference: JSON, *sources: str, **options: Any) -> list[Verdict]:
    verifier = CodeVerifier(**options)
    verifier.provide("sandbox", sandbox)
    return verifier.verify(Problem("p", "", "code", reference, "own", "train"), [fenced(s) for s in sources])


@pytest.mark.parametrize(
    ("reference", "source", "reason"),
    [
        (ADD, RIGHT, None),
        (ADD, "def add(a, b):\n    return 3\n", Reason.WRONG_ANSWER),
        (ADD, "def add(a, b):\n    return 1 / 0\n", Reason.RUNTIME_ERROR),
        (ADD, "def add(a, b)\n    return 3\n", Reason.COMPILE_ERROR),
        (ADD, "def plus(a, b):\n    return a + b\n", Reason.MISSING_ENTRY_POINT),
        (ADD, "add = None\ndel add\n", Reason.MISSING_ENTRY_POINT),
        (ADD, "import nowhere\n" + RIGHT, Reason.RUNTIME_ERROR),
        (ADD, "def add(a, b):\n    return [0] * 10**10\n", Reason.MEMORY_LIMIT),
        (ADD, "import os\ndef add(a, b):\n    os._exit(0)\n", Reason.RUNTIME_ERROR),
        (ADD, "def add(a, b):\n    while True: pass\n", Reason.TIMEOUT),
        (CALLS, RIGHT, None),
        (CALLS, "def add(a, b):\n    return 3\n", Reason.WRONG_ANSWER),
        (CALLS, "def add(a):\n    return 3\n", Reason.RUNTIME_ERROR),
        (SUM, SUMS, None),
        (SUM, "print(3)\n", Reason.WRONG_ANSWER),
        (SUM, "print(3)\nprint(4)\n", Reason.WRONG_ANSWER),
        (SUM, SUMS + "exit(1)\n", Reason.RUNTIME_ERROR),
        (SUM, "print(", Reason.COMPILE_ERROR),
        (SUM, "print(input()[9])\n", Reason.RUNTIME_ERROR),
        (SUM, "while True: print(1)\n", Reason.OUTPUT_LIMIT),
        (SUM, "while True: pass\n", Reason.TIMEOUT),
        (SUM, "x = [0] * 10**10\n", Reason.MEMORY_LIMIT),
    ],
)
def test_a_program_gets_what_it_deserves(local: Sandbox, reference: JSON, source: str, reason: Reason | None) -> None:
    (found,) = judge(local, reference, source, wall_s=1.0, cpu_s=1.0)
    outcome = Outcome.INCORRECT if reason else Outcome.CORRECT
    assert (found.outcome, found.reason, found.trust) == (outcome, reason, Trust.FULL)


def test_words_are_no_program(local: Sandbox) -> None:
    verifier = CodeVerifier()
    verifier.provide("sandbox", local)
    (found,) = verifier.verify(Problem("p", "", "code", ADD, "own", "train"), ["I cannot do that."])
    assert (found.outcome, found.reason) == (Outcome.INCORRECT, Reason.NO_CODE)


def test_equal_programs_run_once_and_the_solution_once_per_problem(local: Sandbox) -> None:
    watched = Watched(local)
    verifier = CodeVerifier()
    verifier.provide("sandbox", watched)
    problem = Problem("p", "", "code", ADD | {"solution": "add = lambda a, b: a + b\n"}, "own", "train")
    for _ in range(2):
        found = verifier.verify(problem, [fenced(RIGHT), RIGHT, fenced("def add(a, b):\n    return 3\n")])
        assert [one.outcome for one in found] == [Outcome.CORRECT, Outcome.CORRECT, Outcome.INCORRECT]
    assert len(watched.sources) == 1 + 2 + 2


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Outcome.CORRECT),
        ({"checks": 2}, Outcome.CORRECT),
        ({"checks": 3}, Outcome.INCORRECT),
        ({"solution": RIGHT}, Outcome.CORRECT),
        ({"tests": "for i in range(add(1, 2)):\n    assert True", "solution": RIGHT}, Outcome.CORRECT),
        ({"tests": "for i in range(add(1, 3)):\n    assert True", "checks": 3}, Outcome.INCORRECT),
    ],
)
def test_a_pass_executes_as_many_checks_as_the_solution(local: Sandbox, changed: Any, outcome: Outcome) -> None:
    assert judge(local, ADD | changed, RIGHT)[0].outcome is outcome


def test_a_check_that_was_not_reached_is_no_pass(local: Sandbox) -> None:
    tests = "for item in add(1, 2):\n    assert item == 3"
    reference = {"entry_point": "add", "tests": tests, "solution": "def add(a, b):\n    return [a + b]\n"}
    found = judge(local, reference, "def add(a, b):\n    return []\n", "def add(a, b):\n    return [3, 3]\n")
    assert [one.reason for one in found] == [Reason.WRONG_ANSWER] * 2
    assert "ended after 2 checks, not 1" in (found[1].detail or "")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("assert add(1, 2) == 3", "must be an object"),
        ({"tests": "assert True", "language": "cobol"}, "unknown language 'cobol'"),
        (ADD | {"solution": "def add(a, b):\n    return 3\n"}, "own solution fails: wrong_answer, check 2 failed"),
        (ADD | {"solution": "def plus(a, b):\n    return 3\n"}, "own solution fails: missing_entry_point"),
        (SUM | {"solution": "print(3)\n"}, "own solution fails: wrong_answer, case 2: line 1: saw '3', expected '4'"),
    ],
)
def test_a_bad_reference_is_said_and_nobody_is_judged(local: Sandbox, reference: JSON, said: str) -> None:
    for found in judge(local, reference, RIGHT + SUMS, SUMS + RIGHT):
        assert (found.outcome, found.reason) == (Outcome.UNJUDGED, Reason.BAD_REFERENCE)
        assert said in (found.detail or "")


@pytest.mark.parametrize(
    ("judge_source", "source", "outcome", "reason"),
    [
        (EVEN, "print(4)\n", Outcome.CORRECT, None),
        (EVEN, "print(5)\n", Outcome.INCORRECT, Reason.WRONG_ANSWER),
        ("import os\nos._exit(3)\n", "print(4)\n", Outcome.UNJUDGED, Reason.VERIFIER_ERROR),
        ("import os\nos.abort()\n", "print(4)\n", Outcome.UNJUDGED, Reason.VERIFIER_ERROR),
    ],
)
def test_a_special_judge_decides(
    local: Sandbox, judge_source: str, source: str, outcome: Outcome, reason: Reason | None
) -> None:
    (found,) = judge(local, {"cases": [{"stdin": "4\n"}], "judge": {"source": judge_source}}, source)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_tests_get_the_prompts_helpers_and_not_the_candidates(local: Sandbox) -> None:
    reference = {
        "entry_point": "twice",
        "prompt": "from math import sqrt\n\ndef double(x):\n    return 2 * x\n\ndef twice(x):\n",
        "tests": "assert twice(3) == double(3)\nassert sqrt(4) == 2",
    }
    continuation, stub = "    return double(x)\n", "def double(x):\n    return 0\n\ndef twice(x):\n    return 0\n"
    verifier = CodeVerifier()
    verifier.provide("sandbox", local)
    found = verifier.verify(Problem("p", "", "code", reference, "own", "train"), [continuation, fenced(stub)])
    assert [one.outcome for one in found] == [Outcome.CORRECT, Outcome.INCORRECT]
    assert found[0].trust is Trust.FULL


def test_an_opinion_of_the_candidates_own_object_has_low_trust(local: Sandbox) -> None:
    flatterer = "class Yes:\n    def __eq__(self, other):\n        return True\n\ndef add(a, b):\n    return Yes()\n"
    reference = {"entry_point": "add", "tests": "assert add(1, 2) == add(2, 1)"}
    verdicts = judge(local, reference, RIGHT, flatterer)
    assert verdicts[0].trust is Trust.FULL
    assert verdicts[1].outcome is not Outcome.CORRECT or verdicts[1].trust is Trust.LOW


@pytest.mark.parametrize(("imports", "outcome"), [("none", Outcome.INCORRECT), ("common", Outcome.CORRECT)])
def test_common_imports_are_put_in_front_where_asked_for(local: Sandbox, imports: str, outcome: Outcome) -> None:
    source = "from __future__ import annotations\ndef add(a: List[int], b) -> Any:\n    return math.floor(a + b)\n"
    assert judge(local, ADD, source, imports=imports)[0].outcome is outcome


SHARED = [
    (ADD, RIGHT, Outcome.CORRECT, None, Trust.LOW),
    (ADD, "def add(a, b):\n    return 3\n", Outcome.INCORRECT, Reason.WRONG_ANSWER, Trust.FULL),
    (ADD, "def add(a, b):\n    exit(0)\n", Outcome.INCORRECT, Reason.RUNTIME_ERROR, Trust.FULL),
    (ADD, "def add(a, b)\n    return 3\n", Outcome.INCORRECT, Reason.COMPILE_ERROR, Trust.FULL),
    (ADD, "add = None\ndel add\n", Outcome.INCORRECT, Reason.MISSING_ENTRY_POINT, Trust.FULL),
    (ADD, "print('x 2')\n" + RIGHT, Outcome.CORRECT, None, Trust.LOW),
    (CALLS, RIGHT, Outcome.CORRECT, None, Trust.FULL),
    (CALLS, "print(3)\n" + RIGHT, Outcome.CORRECT, None, Trust.FULL),
    (CALLS, "def add(a, b):\n    return 3\n", Outcome.INCORRECT, Reason.WRONG_ANSWER, Trust.FULL),
    (CALLS, "import os\n" + RIGHT + "os._exit(0)\n", Outcome.INCORRECT, Reason.RUNTIME_ERROR, Trust.FULL),
    (CALLS, "def add(a, b):\n    return object()\n", Outcome.INCORRECT, Reason.RUNTIME_ERROR, Trust.FULL),
]


@pytest.mark.parametrize(("reference", "source", "outcome", "reason", "trust"), SHARED)
def test_without_a_second_process_values_are_still_compared_here_and_tests_have_low_trust(
    local: Sandbox, reference: JSON, source: str, outcome: Outcome, reason: Reason | None, trust: Trust
) -> None:
    (found,) = judge(Watched(local, has_exams=False), reference, source)
    assert (found.outcome, found.reason, found.trust) == (outcome, reason, trust)


@pytest.mark.parametrize(
    "value", ['{"$tuple": [1, {"$set": [2]}]}', '{"$int": "0x%x"}' % 10**40, '{"$float": "inf"}', "[[], null, true]"]
)
def test_values_come_back_from_the_driver_as_they_went(local: Sandbox, value: str) -> None:
    plain = json.loads(value)
    reference = {"entry_point": "same", "cases": [{"args": [plain], "expected": plain}]}
    for has_exams in (True, False):
        watched = Watched(local, has_exams)
        right, wrong = judge(watched, reference, "def same(x):\n    return x\n", "def same(x):\n    return [x]\n")
        assert (right.outcome, wrong.outcome) == (Outcome.CORRECT, Outcome.INCORRECT)


@pytest.mark.parametrize(
    ("test", "can_fail"),
    [
        ("assert add(1, 2) == 3", True),
        ("assert add(1, 2)", True),
        ("assert add(1, 2) is None", True),
        ("assert not add(1, 2)", True),
        ("assert add(1, 2) != 4", False),
        ("assert add(1, 2) or True", False),
    ],
)
def test_of_two_stubs_every_test_refuses_one_unless_it_cannot_fail(local: Sandbox, test: str, can_fail: bool) -> None:
    (single,) = code_singles(Problem("p", "", "code", ADD | {"tests": test}, "own", "train"))
    verifier = CodeVerifier()
    verifier.provide("sandbox", local)
    found = [verdict.outcome for verdict in verifier.verify(single.problem, single.completions)]
    assert (Outcome.INCORRECT in found) is can_fail


@pytest.mark.parametrize(
    "reference",
    [
        ADD | {"language": "cpp"},
        CALLS | {"language": "rust"},
        {"language": "go", "tests": "func test() {}", "entry_point": "f"},
    ],
)
def test_a_form_that_a_language_does_not_have_is_a_bad_reference(local: Sandbox, reference: JSON) -> None:
    source = "package main\n\nfunc f() {}\n\nfn f() {}\n\nint f() { return 0; }\nint add() { return 0; }\nfn add() {}\n"
    (found,) = judge(local, reference, source)
    assert (found.outcome, found.reason) == (Outcome.UNJUDGED, Reason.BAD_REFERENCE)


def test_a_sandbox_that_failed_says_nothing_of_the_candidate_and_is_asked_again() -> None:
    asked = []

    def facts(program: Program) -> Any:
        asked.append(program.source)
        if len(asked) <= 2:
            raise SandboxError("the engine is gone")
        return examined()

    verifier = CodeVerifier()
    verifier.provide("sandbox", FakeSandbox(facts))
    problem = Problem("p", "", "code", ADD | {"solution": RIGHT}, "own", "train")
    outcomes = [verifier.verify(problem, [RIGHT])[0] for _ in range(3)]
    assert [one.outcome for one in outcomes] == [Outcome.UNJUDGED, Outcome.UNJUDGED, Outcome.CORRECT]
    assert outcomes[0].reason is Reason.SANDBOX_ERROR


@pytest.mark.parametrize(
    ("cpu_s", "n_alone", "outcome"),
    [(4.0, 1, Outcome.CORRECT), (0.01, 0, Outcome.INCORRECT), (9.9, 0, Outcome.INCORRECT)],
)
def test_a_starved_program_is_tried_once_more_alone(cpu_s: float, n_alone: int, outcome: Outcome) -> None:
    late = [examined(None, ended(Status.TIMEOUT, cpu_s=cpu_s, wall_s=10.0)), examined()]
    sandbox = FakeSandbox(lambda program: late.pop(0))
    assert judge(sandbox, ADD, RIGHT)[0].outcome is outcome
    assert sandbox.n_alone == n_alone


def test_limits_are_the_references_then_the_verifiers_then_stretched_by_the_solution() -> None:
    slow = examined(PASSED, ended(cpu_s=2.0, wall_s=3.0))
    sandbox = FakeSandbox(lambda program: slow)
    reference = ADD | {"solution": "add = 1\n", "limits": {"memory_mib": 99}}
    judge(sandbox, reference, RIGHT, cpu_s=4.0, wall_s=4.0, disk_mib=7, scale=5.0, longest_s=12.0)
    shared = Limits(memory_mib=99, disk_mib=7)
    solutions, candidates = (replace(shared, cpu_s=c, wall_s=12.0) for c in (12.0, 10.0))
    assert [limits for _, limits in sandbox.asked] == [solutions, candidates]
    sandbox.asked.clear()
    judge(sandbox, reference | {"limits": {"wall_s": 2}}, RIGHT, cpu_s=4.0, scale=5.0)
    assert [limits for _, limits in sandbox.asked] == [Limits(cpu_s=60.0, wall_s=2.0), Limits(cpu_s=10.0, wall_s=2.0)]


def test_all_cases_of_a_program_share_a_budget() -> None:
    sandbox = FakeSandbox(lambda program: ended(wall_s=0.9, stdout="3\n"))
    reference = {"cases": [{"stdin": "", "stdout": "3\n"}] * 100}
    (found,) = judge(sandbox, reference, "print(3)\n", wall_s=1.0)
    assert found.reason is Reason.TIMEOUT
    assert len(sandbox.asked) == 12


def test_candidates_run_side_by_side_on_the_slots() -> None:
    def facts(program: Program) -> Any:
        time.sleep(0.05)
        return examined()

    sandbox = FakeSandbox(facts, slots=3)
    judge(sandbox, ADD, *[RIGHT + f"# {n}" for n in range(9)])
    assert sandbox.most_running == 3


def test_a_language_that_is_not_installed_is_no_candidates_fault() -> None:
    def facts(program: Program) -> Any:
        raise InputError("language 'python' needs python3")

    (verdict,) = judge(FakeSandbox(facts), ADD, RIGHT)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNJUDGED, Reason.SANDBOX_ERROR)
    assert "needs python3" in str(verdict.detail)


def test_without_a_sandbox_nothing_is_run() -> None:
    verifier: Verifier = CodeVerifier()
    with pytest.raises(InputError, match="was given no sandbox"):
        verifier.verify(Problem("p", "", "code", ADD, "own", "train"), [RIGHT])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wall": 3}, "unknown option 'wall' of verifier 'code'; did you mean 'wall_s'"),
        ({"wall_s": 0}, "verifier 'code': the limit 'wall_s' must be a number above 0; seen: 0"),
        ({"scale": 0}, "option 'scale': must be above 0 and finite; seen: 0"),
        ({"memory_mib": "lots"}, "option 'memory_mib'"),
        ({"imports": "all"}, "option 'imports'"),
        ({"sandbox": "x"}, "unknown option 'sandbox'"),
    ],
)
def test_options_are_checked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        build("verifier", "code", CodeVerifier, options)


def test_the_id_tells_settings_apart() -> None:
    built = [build("verifier", "code", CodeVerifier, o).id for o in ({}, {"wall_s": 5}, {"imports": "common"}, {})]
    assert len(set(built)) == 3
    assert built[0] == built[3] == CodeVerifier().id
    assert built[0].startswith("code-1-")
