"""EvalPlus's test programs become call cases, or programs without numpy around the same oracle."""

import pytest

from rft.errors import InputError
from rft.tasks.sources.evalplus import convert

HEAD = """
import numpy as np
from math import inf

def is_floats(x) -> bool:
    return isinstance(x, float)

"""
STANDARD = """
def assertion(out, exp, atol):
    if out != exp and atol != 0:
        assert np.allclose(out, exp, rtol=1e-07, atol=atol)
    else:
        assert out == exp
"""
SETS = """
def assertion(out, exp, atol):
    out = set(out)
    exp = set(exp)
    assert out == exp
"""
PRESENCE = """
def assertion(out, exp, atol):
    if isinstance(out, bool):
        exact_match = out == exp
    else:
        exact_match = exp == (out is not None)
"""


def program(assertion: str, inputs: str, results: str, atol: str = "0") -> str:
    loop = f"for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(f(*inp), exp, {atol})\n"
    return f"{HEAD}{assertion}\ninputs = {inputs}\nresults = {results}\n{loop}"


def passes(reference: dict[str, object], candidate: object) -> bool:
    names: dict[str, object] = {"candidate": candidate}
    try:
        exec(f"{reference['tests']}\ncheck(candidate)", names)
    except AssertionError:
        return False
    return True


def test_standard_programs_become_cases() -> None:
    found = convert(program(STANDARD, "[[(1, 2), -inf], [[], {1: 'a'}]]", "[True, None]"), "here")
    assert found == {
        "cases": [
            {"args": [{"$tuple": [1, 2]}, {"$float": "-inf"}], "expected": True},
            {"args": [[], {"$dict": [[1, "a"]]}], "expected": None},
        ]
    }


@pytest.mark.parametrize(
    ("results", "atol", "tolerance"),
    [
        ("[1, 2]", "0", None),
        ("[1, 2.5]", "0", 1e-6),
        ("[[], [1.5, 2.5]]", "0", 1e-6),
        ("[[], [1, 2.5]]", "0", None),
        ("[1.5, 2.5]", "0.0001", 1e-4),
    ],
)
def test_floats_get_a_tolerance_as_upstream_gives_them(results: str, atol: str, tolerance: float | None) -> None:
    assert convert(program(STANDARD, "[[1], [2]]", results, atol), "here").get("tolerance") == tolerance


def test_only_some_inputs_can_be_kept() -> None:
    test = program(STANDARD, "[[1], [2], [3]]", "[1, 2, 3]")
    assert [case["expected"] for case in convert(test, "here", [0, 2])["cases"]] == [1, 3]


def test_a_set_oracle_stays_a_program() -> None:
    found = convert(program(SETS, "[[1], [2]]", "[(1, 2), (3,)]"), "here")
    assert found["checks"] == 2
    assert "numpy" not in found["tests"]
    assert passes(found, {1: [2, 1, 1], 2: {3}}.__getitem__)
    assert not passes(found, {1: [2], 2: {3}}.__getitem__)


def test_an_oracle_that_upstream_forgot_to_assert_is_asserted() -> None:
    found = convert(program(PRESENCE, "[['a'], ['b']]", "[True, False]"), "here")
    assert passes(found, {"a": "match", "b": None}.__getitem__)
    assert passes(found, {"a": True, "b": False}.__getitem__)
    assert not passes(found, {"a": None, "b": None}.__getitem__)
    assert not passes(found, {"a": True, "b": "match"}.__getitem__)


def test_an_oracle_function_is_kept_and_huge_arguments_shrink() -> None:
    test = f"""{HEAD}{STANDARD}
def ref_func(n):
    return list(range(n))

def check(candidate):
    inputs = [[3], [1000001], [1000002], [-5]]
    for i, inp in enumerate(inputs):
        assertion(candidate(*inp), ref_func(*inp), 0)
"""
    found = convert(test, "here")
    assert "INPUTS = [[3], [100000], [-5]]" in found["tests"]
    assert found["checks"] == 3
    assert passes(found, lambda n: list(range(n)))
    assert not passes(found, lambda n: [0])


def test_a_root_is_judged_by_the_polynomial() -> None:
    test = """
import math

def _poly(xs, x):
    return sum([coeff * math.pow(x, i) for i, coeff in enumerate(xs)])

def check(candidate):
    inputs = [[[-6.0, 3.0]]]
    results = [2.0]
    for i, (inp, exp) in enumerate(zip(inputs, results)):
        assert _poly(*candidate(*inp), inp) <= 0.0001
"""
    found = convert(test, "here")
    assert passes(found, lambda xs: 2.0)
    assert not passes(found, lambda xs: 1.0)  # the value is negative there


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("def check(", "column 'test' is not a Python program"),
        ("def check(candidate):\n    assert candidate(1) == 1\n", "is not one of EvalPlus's programs"),
        (program("def assertion(out, exp, atol):\n    pass\n", "[[1]]", "[1]"), "is not one of EvalPlus's programs"),
        (program(STANDARD, "[[1], [2]]", "[1]"), "2 inputs stand against 1 results"),
        (program(STANDARD, "[1]", "[1]"), "an input is int, not a list of arguments"),
        (program(STANDARD, "[[open('/etc/passwd')]]", "[1]"), "inputs and results must be literals"),
        (program(STANDARD, "[[1]]", "[__import__('os')]"), "inputs and results must be literals"),
    ],
)
def test_other_programs_are_refused_and_nothing_is_run(test: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^here: ") as caught:
        convert(test, "here")
    assert said in str(caught.value)
