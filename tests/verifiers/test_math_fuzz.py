import time
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.expressions.algebra import UndecidedError
from rft.verifiers.extraction.answer import extract
from rft.verifiers.math.equal.calculation import left_undone
from rft.verifiers.math.equal.compare import AnswerComparison, UnreadableReferenceError
from rft.verifiers.math.read.policy import DEFAULT, Policy
from rft.verifiers.math.read.reading import read
from rft.verifiers.spelling.canonical import canonical

PIECES = [
    *"0123456789.,;:+-*/^_(){}[]|<>=!%$ xyzabPe\\",
    *(
        "\\frac",
        "\\sqrt",
        "\\pm",
        "\\cup",
        "\\{",
        "\\}",
        "\\left(",
        "\\right]",
        "\\text{",
        "\\text{ and }",
        " or ",
        " cm",
    ),
    *(
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\\\",
        "&",
        "\\infty",
        "\\le ",
        "\\approx",
        "\\in",
        "½",
        "²",
        "π",
        "٣",
        "√",
    ),
    *(
        "million",
        "x=",
        "(x,y)=",
        "\\%",
        "^\\circ",
        "\\boxed{",
        "answer is ",
        "####",
        "<think>",
        "</think>",
        "\n",
        "\x00",
    ),
]
HALF_LATEX = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


VALUES = st.fractions(min_value=-1000, max_value=1000, max_denominator=60)
EXPRESSIONS = st.recursive(
    st.integers(1, 9).map(str) | st.sampled_from(["x", "y", r"\pi", "n"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}+{pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: rf"({pair[0]}) \cdot ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]}}}"),
        inner.map(lambda text: rf"\sqrt{{{text}}}"),
        inner.map(lambda text: rf"\sin({text})"),
        st.tuples(inner, st.integers(2, 5)).map(lambda pair: f"({pair[0]})^{{{pair[1]}}}"),
    ),
    max_leaves=6,
)
DECORATIONS = ["${}$", r"\({}\)", r"\displaystyle {}", r"\left({}\right)", "{}.", r"\;{}\;", "**{}**", " {} "]


def equal(reference: str, answer: str, policy: Policy = DEFAULT) -> bool:
    try:
        return AnswerComparison(policy).equal(read(reference), read(answer))
    except (UndecidedError, UnreadableReferenceError):
        return False


@given(HALF_LATEX | st.text(max_size=60), HALF_LATEX | st.text(max_size=60), HALF_LATEX)
def test_nothing_but_its_own_errors_comes_out(reference: str, answer: str, completion: str) -> None:
    extract(completion, "lenient")
    gold = read(reference)
    assert AnswerComparison().equal(gold, gold) is (gold.refused is None)
    assert isinstance(equal(reference, answer), bool)


@given(HALF_LATEX, HALF_LATEX)
def test_the_order_of_two_texts_does_not_matter(left: str, right: str) -> None:
    exact = Policy(decimals="exact")
    there, back = equal(left, right, exact), equal(right, left, exact)
    undone = any(left_undone(canonical(text)) for text in (left, right))
    assert there == back or undone


@given(EXPRESSIONS, st.sampled_from(DECORATIONS))
def test_decoration_means_nothing(expression: str, decoration: str) -> None:
    assert equal(expression, decoration.replace("{}", expression))


@given(EXPRESSIONS, st.integers(1, 9))
def test_an_expression_is_never_equal_to_one_of_another_value(expression: str, n: int) -> None:
    assert not equal(expression, f"{expression}+{n}")
    assert not equal(f"{expression}+{n}", expression)


@given(VALUES, VALUES)
def test_fractions_are_equal_exactly_when_their_values_are(a: Fraction, b: Fraction) -> None:
    left, right = (rf"\frac{{{3 * side.numerator}}}{{{3 * side.denominator}}}" for side in (a, b))
    assert equal(left, right) is (a == b)
    assert equal(f"{a.numerator}/{a.denominator}", left)


@given(
    st.integers(),
    st.integers(),
    st.sampled_from(["{}", "${}$", "x={}", r"{}\text{{ cm}}", r"\left({}\right)", "{}.0", "{}^\\circ"]),
)
def test_numbers_in_any_dress_are_equal_exactly_when_their_values_are(a: int, b: int, dress: str) -> None:
    exact = Policy(decimals="exact")
    assert equal(str(a), dress.format(b), exact) is (a == b)
    assert equal(str(a), dress.format(a), exact)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_lists_are_equal_in_any_order_and_tuples_in_one(values: list[int], random: Random) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    texts = [", ".join(map(str, items)) for items in (values, mixed)]
    assert equal(texts[0], texts[1])
    assert equal(f"({texts[0]})", f"({texts[1]})") is (values == mixed)
    assert not equal(texts[0], f"({texts[1]})")


@pytest.mark.parametrize("piece", PIECES)
def test_floods_are_compared_quickly(piece: str) -> None:
    start = time.perf_counter()
    flood = piece * (50_000 // len(piece))
    equal("42", flood)
    equal("1, 2", "1, " + flood[:40_000])
    equal(flood, "1" + flood[:40_000])
    assert time.perf_counter() - start < 2
