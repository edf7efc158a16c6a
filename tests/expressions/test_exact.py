import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.expressions.exact import MAX_BITS, evaluate
from rft.expressions.numeral import parse_number

NUMBERS = [
    ("0", Fraction(0)),
    ("-7", Fraction(-7)),
    ("−5", Fraction(-5)),
    ("+5", Fraction(5)),
    ("- 5", Fraction(-5)),
    ("1,234", Fraction(1234)),
    ("12,345,678.90", Fraction("12345678.9")),
    ("1{,}234", Fraction(1234)),
    ("1,\\!234", Fraction(1234)),
    ("0.125", Fraction(1, 8)),
    (".5", Fraction(1, 2)),
    ("1.5E-3", Fraction(3, 2000)),
    ("3/4", Fraction(3, 4)),
    ("-1,000 / 4", Fraction(-250)),
    (r"\frac{3}{6}", Fraction(1, 2)),
    (r"-\dfrac12", Fraction(-1, 2)),
    (r"\tfrac{-1}{2}", Fraction(-1, 2)),
    ("４２", Fraction(42)),
    ("٤٢", Fraction(42)),
]
NOT_NUMBERS = [
    "",
    "-",
    "1,23",
    "1,2345",
    "12,34,567",
    "1.2.3",
    "5.",
    "3/0",
    "1/2/3",
    "1 234",
    "10%",
    "$5",
    "½",
    "x",
    "1e99999",
]

VALUES = [
    ("2^10 - 24", Fraction(1000)),
    ("2**3**2", Fraction(512)),
    ("-2^2", Fraction(-4)),
    ("2^-3", Fraction(1, 8)),
    ("2^{3^2}", Fraction(512)),
    ("10^{-20}", Fraction(1, 10**20)),
    ("1 + 2 * 3 - 4 / 8", Fraction(13, 2)),
    ("8 / 2 / 2", Fraction(2)),
    ("5 - -3", Fraction(8)),
    ("2 × 3 ÷ 6", Fraction(1)),
    ("2 · 3", Fraction(6)),
    (r"\frac{1}{2} \cdot \left(3 + 5\right)", Fraction(4)),
    (r"\frac{1+2}{\frac{3}{4}}", Fraction(4)),
    (r"\frac12", Fraction(1, 2)),
    (r"2\times 3 \div 6", Fraction(1)),
    ("1,234 + 1", Fraction(1235)),
]
NOT_VALUES = [
    "", "()", "1 +", "* 2", "2 3", "2(3)", "(2)(3)", "(1 + 2", "{1 + 2)", "1 + 2 = 3", "x + 1", "1 / 0", r"\frac{1}{0}",
    r"\frac", r"\frac{1}", "0^0", "0^-1", "4^{1/2}", "3.5.1", "1,234,5", "2!", "10%", "__import__('os')", "1\x00",
]  # fmt: skip
HOSTILE = [
    "9^9^9^9",
    "9^{9^{9^{9}}}",
    "9**9**9**9",
    "2^{2^{2^{49}}}",
    "10^{10^{10}}",
    "(" * 400 + "1" + ")" * 400,
    "{" * 3000 + "1" + "}" * 3000,
    "1+" * 100_000 + "1",
    "9" * 100_000,
    "-" * 900,
    "2^" * 400 + "2",
    "1e9999",
    "*".join(["7^2900"] * 140),
    r"\frac{1}{" * 100 + "1" + "}" * 100,
    "," * 20_000,
    " " * 50_000,
    "1 " * 450,
    "1.1" * 300,
]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_a_number_has_its_exact_value(text: str, value: Fraction) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_not_a_plain_number_is_none(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_an_expression_has_its_exact_value(text: str, value: Fraction) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize("text", NOT_VALUES)
def test_what_is_not_closed_arithmetic_is_none(text: str) -> None:
    assert evaluate(text) is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_bound_is_hit_quickly(text: str) -> None:
    start = time.perf_counter()
    assert evaluate(text) is None
    assert parse_number(text) is None
    assert time.perf_counter() - start < 0.5


def test_the_largest_numbers_taken_are_quick() -> None:
    start = time.perf_counter()
    assert evaluate("/".join(["1.000001"] * 90)) is not None
    assert parse_number("9" * 4000) == 10**4000 - 1
    value = evaluate(f"2^{MAX_BITS - 2}")
    assert value == 2 ** (MAX_BITS - 2)
    assert time.perf_counter() - start < 0.5


Tree = tuple[str, Fraction]


def _number(value: int) -> Tree:
    return (str(value) if value >= 0 else f"({value})"), Fraction(value)


def _join(left: Tree, operator: str, right: Tree) -> Tree:
    symbol = {"+": "+", "-": "−", "*": r" \cdot ", "/": " / ", "frac": "", "^": ""}[operator]
    a, b = left[1], right[1]
    if operator == "frac" and b:
        return rf"\frac{{{left[0]}}}{{{right[0]}}}", a / b
    if operator == "^" and (a or b > 0) and b.denominator == 1 and abs(b) <= 3:
        return f"({left[0]})^{{{right[0]}}}", a ** int(b)
    if operator == "/" and b:
        return f"({left[0]}{symbol}({right[0]}))", a / b
    value = {"-": a - b, "*": a * b}.get(operator, a + b)
    return f"({left[0]}{symbol if operator in '-*' else '+'}{right[0]})", value


TREES = st.recursive(
    st.integers(-999, 999).map(_number),
    lambda inner: st.builds(_join, inner, st.sampled_from(["+", "-", "*", "/", "frac", "^"]), inner),
    max_leaves=8,
)


@given(TREES)
def test_evaluation_agrees_with_fractions(tree: Tree) -> None:
    text, value = tree
    assert evaluate(text) in (value, None)
    if max(value.numerator.bit_length(), value.denominator.bit_length()) < 200 and "^" not in text:
        assert evaluate(text) == value


@given(st.fractions(max_denominator=10**6))
def test_every_fraction_is_read_back(value: Fraction) -> None:
    assert parse_number(str(value)) == value
    assert evaluate(rf"\frac{{{value.numerator}}}{{{value.denominator}}}") == value


@given(st.integers())
def test_grouped_thousands_are_read_back(value: int) -> None:
    assert parse_number(f"{value:,}") == value


PIECES = [*"0123456789.,+-*/^(){}[] \\!eE−×", r"\frac", r"\cdot", "**"]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_near_misses_never_raise(text: str) -> None:
    for value in (parse_number(text), evaluate(text)):
        assert value is None or isinstance(value, Fraction)


@given(st.text(max_size=80))
def test_any_text_never_raises(text: str) -> None:
    for value in (parse_number(text), evaluate(text)):
        assert value is None or isinstance(value, Fraction)
