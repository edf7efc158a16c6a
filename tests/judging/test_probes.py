"""What is tried on a problem: right ones are right, wrong ones surely wrong."""

import pytest

from rft.expressions.numeral import parse_number
from rft.judging.probes import PROVERS, Tried, code_singles, comparable, math_other, math_right, math_wrong, probes
from rft.types import JSON, Problem


def problem(reference: JSON, **metadata: JSON) -> Problem:
    return Problem("p/1", "How many?", "math", reference, "own", "train", metadata)


@pytest.mark.parametrize(
    ("reference", "wrong"),
    [
        ("85", "86"),
        ("-1", "0"),
        ("1,080", "1081"),
        ("0.5", r"\frac{3}{2}"),
        (r"\frac{1}{2}", r"\frac{3}{2}"),
        (r"2\sqrt{3}", r"3\sqrt{3}"),
        ("x^2+1", "x^2+2"),
        ("x^{10}", "x^{11}"),
        (r"5 \text{ cm}^2", r"6 \text{ cm}^2"),
        (r"\text{cm}^2 \cdot 5", r"\text{cm}^2 \cdot 6"),
        ("(3,4)", "(4,4)"),
        (r"\text{east}", "17"),
        ("D", "17"),
        ("9" * 5000, "9" * 4991 + "0"),
    ],
)
def test_the_wrong_answer_is_the_reference_with_one_thing_changed(reference: str, wrong: str) -> None:
    assert math_wrong(problem(reference))[0] == f"The answer is \\boxed{{{wrong}}}."


@pytest.mark.parametrize(
    ("reference", "negated"),
    [("85", ["-85"]), ("-0.5", [r"\frac{1}{2}"]), ("0", []), ("x", []), (["2", "-2"], [])],
)
def test_a_number_with_its_sign_lost_is_wrong(reference: JSON, negated: list[str]) -> None:
    assert math_wrong(problem(reference))[1:] == [f"The answer is \\boxed{{{answer}}}." for answer in negated]


@pytest.mark.parametrize("accepted", [["1", "2"], ["1", "2", "8"], ["x+1", "x+2"], ["a", "17"]])
def test_the_wrong_answer_is_none_of_the_accepted_ones(accepted: list[str]) -> None:
    for completion in math_wrong(problem(accepted)):
        assert completion not in math_right(problem(accepted))
    assert len(math_right(problem(accepted))) == len(accepted)


def test_another_references_number_is_used_only_when_it_surely_differs() -> None:
    assert math_other(problem("0.5"), [r"\frac{1}{2}", "1/2", "x", r"\frac{2}{4}"]) is None
    assert math_other(problem("0.5"), ["1/2", ["x", "3"]]) == "The answer is \\boxed{3}."
    assert math_other(problem(["3", "4"]), ["4", "3", "3.0"]) is None
    assert math_other(problem("x"), ["3"]) is None
    assert math_other(problem([]), ["3"]) is None


def test_a_solution_is_tried_where_there_is_one() -> None:
    tried = [probe.tried for probe in probes(problem("3", solution="It is 3."), PROVERS["math"], ["4"])]
    wrong = [Tried.EMPTY, Tried.NO_ANSWER, Tried.WRONG, Tried.WRONG, Tried.OTHER]
    assert tried == [Tried.REFERENCE, Tried.SOLUTION, *wrong]
    assert Tried.SOLUTION not in [probe.tried for probe in probes(problem("3", solution=None), PROVERS["math"], [])]


@pytest.mark.parametrize(
    ("reference", "right", "wrong"),
    [
        ("C", ["C"], ["A", "C or A"]),
        ({"answer": "A", "choices": ["Paris", "Rome"]}, ["A", "Paris"], ["B", "A or B"]),
        ({"answer": ["A", "B"], "choices": ["Paris", "Rome"]}, ["A and B"], []),
        (["A"], [], []),
    ],
)
def test_a_choice_is_tried_by_its_letters_and_its_text(reference: JSON, right: list[str], wrong: list[str]) -> None:
    prover, asked = PROVERS["choice"], problem(reference)
    assert prover.right(asked) == [f"The answer is \\boxed{{{answer}}}." for answer in right]
    assert prover.wrong(asked) == [f"The answer is \\boxed{{{answer}}}." for answer in wrong]


def test_an_exact_text_is_wrong_with_a_word_more() -> None:
    assert PROVERS["exact"].wrong(problem("east")) == ["The answer is \\boxed{east otherwise}."]


def test_nothing_right_or_wrong_can_be_made_of_what_is_no_text() -> None:
    assert math_right(problem({"tests": []})) == []
    assert math_wrong(problem(None)) == []


@pytest.mark.parametrize(
    ("one", "other"), [("1,080", "1080"), ("0.5", r"\frac{1}{2}"), (" x + 1", "x+1"), (["1", "2.0"], ["2", "1"])]
)
def test_references_that_are_plainly_the_same_compare_equal(one: JSON, other: JSON) -> None:
    assert comparable(one) == comparable(other)


def test_references_that_differ_do_not_compare_equal() -> None:
    assert comparable("85") != comparable("86")
    assert comparable({"a": 1}) != comparable({"a": 2})
    assert parse_number("85") != parse_number("86")


ADD = {"entry_point": "add", "tests": "assert add(1, 2) == 3", "solution": "def add(a, b):\n    return a + b\n"}


def test_code_is_tried_with_its_solution_and_with_programs_that_solve_nothing() -> None:
    prover, asked = PROVERS["code"], problem(ADD)
    assert prover.right(asked) == ["```python\ndef add(a, b):\n    return a + b\n```"]
    assert prover.wrong(asked) == [
        "```python\npass\n```",
        "```python\ndef add(*args, **kwargs):\n    return None\n```",
        "```python\ndef add(*args, **kwargs):\n    return -7919\n```",
    ]
    assert prover.right(problem({"tests": "assert add(1, 2) == 3"})) == []


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"tests": "assert add(1, 2) == 3"}, "def add(*args"),
        ({"entry_point": "Solution.add", "tests": "assert add(1)"}, "class Solution:\n    def add(self, *args"),
        ({"entry_point": "add", "language": "js", "tests": "check(add)"}, "function add(...args) {\n  return null;"),
        ({"cases": [{"stdin": "", "stdout": "3"}]}, "print(-7919)"),
        ({"language": "c++", "cases": [{"stdin": "", "stdout": "3"}]}, 'std::printf("-7919\\n")'),
        ({"language": "go", "cases": [{"stdin": "", "stdout": "3"}]}, "fmt.Println(-7919)"),
    ],
)
def test_wrong_programs_are_of_the_references_language_and_form(reference: JSON, said: str) -> None:
    assert any(said in program for program in PROVERS["code"].wrong(problem(reference)))


@pytest.mark.parametrize(
    ("reference", "alone"),
    [
        (ADD, ["assert add(1, 2) == 3"]),
        (ADD | {"tests": ["assert add(1, 1) == 2", "assert add(0, 1)"]}, ["assert add(1, 1) == 2", "assert add(0, 1)"]),
        (
            ADD | {"tests": "def check(f):\n    assert True, 'ok'\n    assert f(1, 1) == 2\n    assert not f(0, 0)"},
            [
                "def check(f):\n    pass\n    assert f(1, 1) == 2\n    pass",
                "def check(f):\n    pass\n    pass\n    assert not f(0, 0)",
            ],
        ),
        (ADD | {"tests": "def check("}, []),
    ],
)
def test_every_assert_is_tried_alone(reference: JSON, alone: list[str]) -> None:
    singles = list(code_singles(problem(reference)))
    assert [single.problem.reference for single in singles] == [
        {"entry_point": "add", "tests": tests} for tests in alone
    ]
    assert all(len(single.completions) == 2 for single in singles)


def test_every_case_is_tried_alone() -> None:
    cases = [{"stdin": "1", "stdout": "2"}, {"stdin": "2", "stdout": "4"}]
    reference = {"cases": cases, "solution": "print(2 * int(input()))", "tokens": True, "checks": 2}
    singles = list(code_singles(problem(reference)))
    assert [single.problem.reference for single in singles] == [{"cases": [case], "tokens": True} for case in cases]


def test_what_is_no_code_reference_has_nothing_to_try() -> None:
    references: list[JSON] = ["85", None, {"tests": []}, {"cases": "x"}]
    for reference in references:
        assert PROVERS["code"].right(problem(reference)) == []
        assert list(PROVERS["code"].singles(problem(reference))) == []
    assert list(PROVERS["math"].singles(problem("85"))) == []
