"""Programs that once bought a verdict, spoilt another's, or made themselves unjudged: none of them does now."""

import pytest

from rft.types import JSON, Outcome, Problem, Sandbox, Trust
from rft.verifiers.code.verifier import CodeVerifier

GREET = {
    "entry_point": "greet",
    "tests": "assert greet('bob').startswith('Hello')",
    "solution": "def greet(name):\n    return 'Hello ' + name",
}
CLOSE = {
    "entry_point": "f",
    "tests": "assert isclose(f(2), 4)",
    "solution": "from math import isclose\ndef f(x):\n    return 2.0 * x",
}
HOOK = {
    "entry_point": "each",
    "tests": "def hook(x):\n    assert x == 1\neach([1], hook)\nassert each([], hook) is None",
    "solution": "def each(xs, f):\n    for x in xs:\n        f(x)",
}
DECIMAL = {
    "entry_point": "f",
    "tests": """\
import decimal
assert str(decimal.Decimal(1) / 7).startswith('0.1428571428')
decimal.getcontext().prec = 3
assert f(1) == 1
decimal.getcontext().prec = 28
""",
    "solution": "def f(x):\n    return x",
}
BOUGHT: dict[str, tuple[dict[str, JSON], str]] = {
    "any_method": (
        GREET,
        "class X:\n    def __getattr__(self, name):\n        return lambda *a: True\ndef greet(name):\n    return X()",
    ),
    "own_helper": (CLOSE, "class isclose(Exception):\n    pass\ndef f(x):\n    return 0"),
    "helper_of_another_type": (CLOSE, "isclose = slice\ndef f(x):\n    return 0"),
    "swallowed_assert": (
        HOOK,
        "def each(xs, f):\n    try:\n        f(2)\n    except AssertionError:\n        pass",
    ),
}


def outcomes(local: Sandbox, reference: JSON, *programs: str) -> list[tuple[Outcome, Trust]]:
    verifier = CodeVerifier(wall_s=5, cpu_s=5)
    verifier.provide("sandbox", local)
    problem = Problem("p", "", "code", reference, "own", "test")
    found = [verifier.verify(problem, [f"```python\n{program}\n```"])[0] for program in programs]
    return [(verdict.outcome, verdict.trust) for verdict in found]


@pytest.mark.parametrize("name", BOUGHT)
def test_a_verdict_that_was_for_sale_is_not_trusted(local: Sandbox, name: str) -> None:
    reference, program = BOUGHT[name]
    ((outcome, trust),) = outcomes(local, reference, program)
    assert outcome is Outcome.INCORRECT or trust is Trust.LOW


@pytest.mark.parametrize("reference", [GREET, HOOK, DECIMAL], ids=["greet", "hook", "decimal"])
def test_their_solutions_are_right_and_trusted(local: Sandbox, reference: dict[str, JSON]) -> None:
    assert outcomes(local, reference, str(reference["solution"])) == [(Outcome.CORRECT, Trust.FULL)]


def test_a_wrong_program_spoils_no_later_one(local: Sandbox) -> None:
    right, wrong = "def f(x):\n    return x", "def f(x):\n    return 0"
    found = outcomes(local, DECIMAL, wrong, right, wrong + " ", right + " ")
    assert [outcome for outcome, _ in found] == [Outcome.INCORRECT, Outcome.CORRECT] * 2


def test_no_program_can_make_itself_unjudged(local: Sandbox) -> None:
    program = """\
import resource
def f(x):
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (0, 0))
    except (OSError, ValueError):
        pass
    while True: pass
"""
    assert outcomes(local, DECIMAL, program)[0][0] is Outcome.INCORRECT
