r"""One grammar in two spellings: what both read alike, where they differ, and that no text nests without end."""

from fractions import Fraction

import pytest

from rft.expressions.arithmetic import MAX_LENGTH, parse_arithmetic
from rft.expressions.exact import exact
from rft.expressions.grammar import SyntaxRefusedError
from rft.expressions.syntax import MAX_DEPTH, parse

BOTH = [
    ("1+2-3", Fraction(0)),
    ("-2^2", Fraction(-4)),
    ("5--3", Fraction(8)),
    ("2*-3", Fraction(-6)),
    ("1/2/2", Fraction(1, 4)),
    ("{2*(3+[5])}", Fraction(16)),
    (r"\frac{1}{2}+\frac{1}{3}", Fraction(5, 6)),
    (r"2\cdot 1,234.5", Fraction(2469)),
    ("2^{10}", Fraction(1024)),
    ("0.5^{-2}", Fraction(4)),
]
ONLY_TYPED = [
    ("2^10", Fraction(1024)),
    ("2**3**2", Fraction(512)),
    ("2*+3", Fraction(6)),
    ("6÷2×3", Fraction(9)),
    (r"\frac12", Fraction(1, 2)),
    ("1.5e3", Fraction(1500)),
    (r"\left(2\right)\,+\,1", Fraction(3)),
]
ONLY_LATEX = [("2(3)", Fraction(6)), ("(2)3", Fraction(6)), (r"\frac-1{2}", Fraction(-1, 2)), ("2^{-1}2^{2}", None)]


@pytest.mark.parametrize(("text", "value"), BOTH)
def test_both_spellings_give_one_tree(text: str, value: Fraction) -> None:
    assert parse(text) == parse_arithmetic(text)
    assert exact(parse(text)) == value


@pytest.mark.parametrize(("text", "value"), ONLY_TYPED)
def test_what_only_typed_arithmetic_means(text: str, value: Fraction) -> None:
    assert exact(parse_arithmetic(text)) == value
    with pytest.raises(SyntaxRefusedError):
        parse(text)


@pytest.mark.parametrize(("text", "value"), ONLY_LATEX)
def test_what_only_latex_means(text: str, value: Fraction | None) -> None:
    with pytest.raises(SyntaxRefusedError):
        parse_arithmetic(text)
    if value is None:
        with pytest.raises(SyntaxRefusedError, match="a number behind a factor"):
            parse(text)
    else:
        assert exact(parse(text)) == value


@pytest.mark.parametrize("text", ["x", "|2|", r"\sqrt{4}", r"\pi", "3!", r"30\degree", "0^{0}", r"4^{\frac{1}{2}}"])
def test_only_closed_rational_arithmetic_has_an_exact_value(text: str) -> None:
    assert exact(parse(text)) is None


def test_a_value_on_the_way_is_bounded_however_small_the_result() -> None:
    tree = parse("2^{300}-2^{300}+1")
    assert exact(tree, max_bits=301) == 1
    assert exact(tree, max_bits=300) is None


@pytest.mark.parametrize("deep", ["x^{", r"\frac{", r"\sqrt{", "(", r"\sin ", "|(", r"\sqrt[", "f_{", r"\log_{"])
def test_latex_nested_too_deeply_is_refused(deep: str) -> None:
    with pytest.raises(SyntaxRefusedError):
        parse(deep * (1_400 // len(deep)) + "2")


@pytest.mark.parametrize("before", ["x^", r"\frac", "2*", "", r"\sqrt", r"\log_"])
def test_a_row_of_signs_is_read_and_not_nested(before: str) -> None:
    behind = {r"\frac": " ab", r"\log_": "2 8"}.get(before, "2")
    assert parse(before + "-" * 1_400 + behind) == parse(before + behind)


def test_exponents_are_nested_as_deep_as_is_said() -> None:
    assert parse("x^{" * MAX_DEPTH + "2" + "}" * MAX_DEPTH).head == "^"
    with pytest.raises(SyntaxRefusedError, match=f"nested deeper than {MAX_DEPTH}"):
        parse("x^{" * (MAX_DEPTH + 1) + "2" + "}" * (MAX_DEPTH + 1))


def test_the_longest_chain_of_quotients_has_a_value() -> None:
    text = "1" + "/1" * (MAX_LENGTH // 2 - 1)
    assert exact(parse_arithmetic(text)) == 1
