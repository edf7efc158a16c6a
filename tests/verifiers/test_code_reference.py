"""References of the code verifier: what is read, and the sentence for what cannot be used."""

import gzip
import json
import re
from pathlib import Path

import pytest

from rft.types import JSON, Limits, Trust
from rft.verifiers.code.reference.asserts import infer_entry_point
from rft.verifiers.code.reference.read import CallCase, Judge, Reference, StdinCase, read_reference

TESTS = {"entry_point": "add", "tests": "assert add(1, 2) == 3"}
CALLS = {"entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}]}
STDIO = {"cases": [{"stdin": "1 2\n", "stdout": "3\n"}]}


def read(reference: JSON) -> Reference:
    found = read_reference(reference)
    assert isinstance(found, Reference), found
    return found


def rows(file: Path) -> list[dict[str, JSON]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_tests_are_read_and_become_an_exam() -> None:
    reference = read({**TESTS, "setup": "import math", "in_place": True})
    exam = {"entry_point": "add", "setup": "import math", "program": "assert add(1, 2) == 3", "in_place": True}
    assert (reference.form, reference.wanted, reference.exam()) == ("tests", "add", exam)


def test_a_list_of_asserts_is_one_program() -> None:
    assert read({**TESTS, "tests": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]}).program == (
        "assert add(1, 2) == 3\nassert add(0, 0) == 0"
    )


@pytest.mark.parametrize(
    ("entry_point", "tests", "behind"),
    [
        ("add", "def check(candidate):\n    assert candidate(1, 2) == 3\n", "\n\ncheck(add)\n"),
        ("Solution.add", "def check(candidate):\n    assert candidate(1, 2) == 3\n", "\n\ncheck(Solution().add)\n"),
        ("add", "def check(add):\n    assert add(1, 2) == 3\n\ncheck(add)\n", ""),
        ("add", "assert check(add(1, 2))\n", ""),
        ("add", "def check(c):\n    assert c(1, 2) == 3\n" + "#" * 300_000, "\n\ncheck(add)\n"),
        ("add", "def check(c):\n    assert c(1, 2) == 3\ncheck(add)\n" + "#" * 300_000, ""),
    ],
)
def test_a_check_function_that_nothing_calls_gets_its_call(entry_point: str, tests: str, behind: str) -> None:
    assert read({"entry_point": entry_point, "tests": tests}).program == tests + behind


def test_calls_are_read_and_become_an_exam() -> None:
    reference = read({**CALLS, "tolerance": 1e-6, "ordered": False})
    exam = {
        "entry_point": "add",
        "calls": [{"args": [1, 2], "kwargs": {}, "expected": 3}],
        "tolerance": 1e-6,
        "ordered": False,
        "in_place": False,
    }
    assert (reference.form, reference.calls, reference.exam()) == ("calls", (CallCase([1, 2], {}, 3),), exam)


def test_none_may_be_expected() -> None:
    assert read({"entry_point": "f", "cases": [{"args": [], "expected": None}]}).calls[0].expected is None


def test_whole_programs_are_read() -> None:
    reference = read({**STDIO, "tokens": True, "judge": {"source": "import sys"}})
    assert (reference.form, reference.wanted, reference.entry_point) == ("stdio", None, None)
    assert (reference.stdin_cases, reference.judge) == ((StdinCase("1 2\n", "3\n"),), Judge("import sys"))
    with pytest.raises(ValueError, match="not examined"):
        reference.exam()


def test_only_a_judge_does_without_the_expected_output() -> None:
    assert read({"cases": [{"stdin": "1"}], "judge": {"source": "x", "language": "cpp"}}).stdin_cases[0].stdout is None
    assert read_reference({"cases": [{"stdin": "1"}]}) == "'stdout' of case 1 must be a text; seen: nothing"


def test_every_option_has_its_place() -> None:
    options = {
        "language": "javascript",
        "prompt": "function add(a, b) {",
        "solution": "…",
        "checks": 3,
        "limits": {"wall_s": 5, "memory_mib": 256.0, "cpu_s": None},
        "trust": "low",
    }
    reference = read({**TESTS, **options})
    assert (reference.language, reference.checks, reference.trust) == ("javascript", 3, Trust.LOW)
    assert (reference.prompt, reference.solution) == ("function add(a, b) {", "…")
    assert reference.limited(Limits(cpu_s=2.0)) == Limits(cpu_s=2.0, wall_s=5.0, memory_mib=256)


def test_null_stands_for_nothing_as_tables_fill_it_in() -> None:
    keys = ("cases", "prompt", "setup", "solution", "checks", "tolerance", "tokens", "judge", "limits", "trust")
    assert read({**TESTS, **dict.fromkeys(keys)}) == read(TESTS)


def test_without_an_entry_point_the_tests_tell_what_is_wanted() -> None:
    reference = read({"tests": TESTS["tests"]})
    assert (reference.entry_point, reference.wanted) == (None, "add")


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        (None, "the reference must be an object with 'tests' or 'cases'; seen: NoneType"),
        ("assert f(1)", "the reference must be an object with 'tests' or 'cases'; seen: str"),
        ({}, "the reference has neither 'tests' nor 'cases'"),
        ({**TESTS, **STDIO}, "the reference has both 'tests' and 'cases'; give one of them"),
        ({**TESTS, "sloution": "x"}, "the reference has an unknown key 'sloution'; did you mean 'solution'?"),
        ({**TESTS, "tests": 1}, "'tests' must be a text or a list of texts; seen: 1"),
        ({**TESTS, "tests": ["assert f(1)", 2]}, "'tests' must be a text or a list of texts; seen: ['assert f(1)', 2]"),
        ({**TESTS, "tests": " \n"}, "'tests' must hold a test; seen: ' \\n'"),
        ({**TESTS, "tests": []}, "'tests' must hold a test; seen: []"),
        ({**TESTS, "tests": "x = 1"}, "'tests' holds neither an assert nor a call: it checks nothing"),
        ({**TESTS, "tests": "assert add(1, 2) = 3"}, "'tests' is no Python: "),
        (
            {"tests": "def check(c):\n    assert c(1)"},
            "'tests' holds a function check(candidate), so 'entry_point' must",
        ),
        ({**TESTS, "entry_point": "add two"}, "'entry_point' must be a name; seen: 'add two'"),
        ({**TESTS, "entry_point": 3}, "'entry_point' must be a text; seen: 3"),
        ({**TESTS, "language": ["python"]}, "'language' must be a text; seen: ['python']"),
        ({**TESTS, "in_place": "yes"}, "'in_place' must be true or false; seen: 'yes'"),
        ({**TESTS, "checks": 0}, "'checks' must be a whole number above 0; seen: 0"),
        ({**TESTS, "checks": True}, "'checks' must be a whole number above 0; seen: True"),
        ({**TESTS, "trust": "some"}, "'trust' must be full or low; seen: 'some'"),
        ({**TESTS, "tokens": True}, "'tokens' has no meaning for tests"),
        ({**CALLS, "judge": {"source": "x"}}, "'judge' has no meaning for call cases"),
        ({**STDIO, "entry_point": "add"}, "'entry_point' has no meaning for stdin cases"),
        ({**TESTS, "limits": {"cpu_s": -1}}, "the limit 'cpu_s' must be a number above 0; seen: -1"),
        ({**TESTS, "limits": {"cpu_s": float("inf")}}, "the limit 'cpu_s' must be a number above 0; seen: inf"),
        ({**TESTS, "limits": {"memory_mib": 1.5}}, "the limit 'memory_mib' must be a whole number; seen: 1.5"),
        ({**TESTS, "limits": {"memory": 1}}, "'limits' has an unknown key 'memory'; did you mean 'memory_mib'?"),
        ({**TESTS, "limits": 5}, "'limits' must be an object; seen: 5"),
        ({**CALLS, "tolerance": "small"}, "'tolerance' must be a number, 0 or more; seen: 'small'"),
        ({"cases": {}}, "'cases' must be a list; seen: {}"),
        ({"cases": []}, "'cases' must hold a case; seen: []"),
        ({"cases": [{}]}, "case 1 must hold a call or a stdin; seen: {}"),
        ({"cases": ["1 2"]}, "case 1 must be an object; seen: '1 2'"),
        ({"cases": [*CALLS["cases"], *STDIO["cases"]]}, "'cases' mixes calls (args, expected) with whole programs"),
        ({"cases": [{"stdin": "1", "expected": 2}]}, "'cases' mixes calls (args, expected) with whole programs"),
        ({"cases": CALLS["cases"]}, "'entry_point' must say what the cases call; seen: nothing"),
        ({"cases": [{"stdin": 1, "stdout": "1"}]}, "'stdin' of case 1 must be a text; seen: 1"),
        ({"cases": [{"stdin": "1", "stdout": 1}]}, "'stdout' of case 1 must be a text; seen: 1"),
        ({"cases": [{"stdin": "1", "output": "1"}]}, "case 1 has an unknown key 'output'; "),
        ({"entry_point": "f", "cases": [{"args": [1]}]}, "case 1 has no 'expected'; where None is expected, say null"),
        ({"entry_point": "f", "cases": [{"args": 1, "expected": 1}]}, "'args' of case 1 must be a list; seen: 1"),
        (
            {"entry_point": "f", "cases": [{"kwargs": [], "expected": 1}]},
            "'kwargs' of case 1 must be an object; seen: []",
        ),
        (
            {**STDIO, "judge": "import sys"},
            "'judge' must be an object with 'language' and 'source'; seen: 'import sys'",
        ),
        ({**STDIO, "judge": {"language": "python"}}, "'judge' must have a text as 'source'; seen: "),
    ],
)
def test_a_reference_that_cannot_be_used_is_described_in_one_sentence(reference: JSON, complaint: str) -> None:
    said = read_reference(reference)
    assert isinstance(said, str)
    assert said.startswith(complaint)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ("assert add(1, 2) == 3", "add"),
        (["assert set(f((1, 2))) == set((1,))"], "f"),
        ("import math\nassert math.isclose(area(2), 12.5)", "area"),
        ("from math import isclose\nassert isclose(area(2), 12.5)", "area"),
        ("assert not is_odd(2)", "is_odd"),
        ("assert sorted(f(g(1))) == [1]", "f"),
        ("x = make(1)\nassert f(x) == 1", "f"),
        ("def near(a, b):\n    return abs(a - b) < 1\nassert near(f(1), 2)", "f"),
        ("def check(candidate):\n    assert candidate(1) == 2\ncheck(add)", "add"),
        ("def check(add):\n    assert add(1) == 2\ncheck(add)", "add"),
        ("def assertion(a, b):\n    assert a == b\nfor x, y in [(1, 2)]:\n    assertion(f(x), y)", "f"),
        ("assert Stack().size() == 0", "Stack"),
        ("assert True", None),
        ("def check(candidate):\n    assert candidate(1) == 2", None),
        ("no python", None),
    ],
)
def test_the_entry_point_is_what_the_first_assert_calls(tests: str | list[str], expected: str | None) -> None:
    assert infer_entry_point(tests) == expected


@pytest.mark.parametrize("name", ["mbpp", "mbppplus"])
def test_the_entry_point_of_every_real_problem_is_inferred(real_data: Path, name: str) -> None:
    for row in rows(real_data / name / "prompt_valid_train.jsonl.gz"):
        defined = re.findall(r"^(?:def|class)\s+(\w+)", row["code"], re.MULTILINE)
        reference = read({"tests": row.get("test") or row["test_list"], "solution": row["code"]})
        assert reference.wanted in defined, row["task_id"]


def test_the_tests_of_every_real_problem_get_their_call(real_data: Path) -> None:
    for row in rows(real_data / "humaneval" / "HumanEval.jsonl.gz"):
        reference = read({"entry_point": row["entry_point"], "tests": row["test"], "prompt": row["prompt"]})
        assert reference.program == f"{row['test']}\n\ncheck({row['entry_point']})\n"
