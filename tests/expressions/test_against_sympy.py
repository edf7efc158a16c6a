"""Our arithmetic against SymPy's on generated trees: values, equality over a prime field, equality of expressions."""

from fractions import Fraction
from functools import cache
from typing import Any

import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rft.expressions import modular
from rft.expressions.algebra import UndecidedError, same_expression
from rft.expressions.symbolic import NotExpressibleError, expression
from rft.expressions.tree import Node, number, symbols
from rft.expressions.value import TooLargeError, UndefinedError, calculator

AT = {"x": Fraction(7, 5), "y": Fraction(-11, 3)}
DIGITS, AGREEING = 40, 25
"""Digits that are computed, and those that must agree: a few are lost where values cancel."""

LEAVES = st.one_of(
    st.fractions(min_value=-9, max_value=9, max_denominator=6).map(number),
    st.sampled_from(["x", "y"]).map(lambda name: Node("symbol", name=name)),
)
EXPONENTS = st.integers(-3, 3).map(number)


def _rational(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.tuples(parts, parts).map(lambda two: Node("+", two)),
        st.tuples(parts, parts).map(lambda two: Node("*", two)),
        st.tuples(parts, parts).map(lambda two: Node("/", two)),
        st.tuples(parts, EXPONENTS).map(lambda two: Node("^", two)),
        parts.map(lambda part: Node("neg", (part,))),
    )


def _any_function(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    names = st.sampled_from(["sin", "cos", "arctan", "tanh", "abs", "ln", "degree", "floor", "ceil", "sgn"])
    degrees = st.sampled_from([2, 3, 4, 5]).map(number)
    return st.one_of(
        _rational(parts),
        st.builds(lambda name, part: Node(name, (part,)), names, parts),
        st.tuples(parts, degrees).map(lambda two: Node("root", two)),
    )


RATIONAL = st.recursive(LEAVES, _rational, max_leaves=6)
ANY = st.recursive(LEAVES, _any_function, max_leaves=5)
quick = settings(derandomize=True, max_examples=150, deadline=None, database=None)


@cache
def by_sympy(node: Node) -> Any:
    """The tree as SymPy holds it; None where it has no value there."""
    try:
        return expression(node)
    except (NotExpressibleError, ZeroDivisionError):
        return None


def rearranged(node: Node) -> Node:
    """The same expression with sums and products turned round, a/b as a product, and -a as a product."""
    parts = tuple(map(rearranged, node.arguments))
    if node.head in ("+", "*"):
        return Node(node.head, parts[::-1])
    if node.head == "/":
        return Node("*", (Node("^", (parts[1], number(-1))), parts[0]))
    if node.head == "neg":
        return Node("*", (parts[0], number(-1)))
    return Node(node.head, parts, node.value, node.name)


@quick
@given(ANY)
def test_a_value_has_the_digits_that_sympy_computes(node: Node) -> None:
    theirs = by_sympy(node)
    assume(theirs is not None)
    at = {sympy.Symbol(name, real=True): sympy.Rational(x.numerator, x.denominator) for name, x in AT.items()}
    theirs = theirs.subs(at)
    assume(not theirs.has(sympy.nan, sympy.zoo, sympy.oo))
    try:
        ours = calculator(DIGITS).value(node, AT)
    except (UndefinedError, TooLargeError):
        assume(False)
    digits = theirs.evalf(DIGITS)
    assume(digits.is_number and sympy.re(digits).is_Float | sympy.re(digits).is_Integer)
    difference = abs(sympy.sympify(ours) - digits)
    assert difference <= sympy.Float(10) ** -AGREEING * max(1, abs(digits)), (node, ours, digits)


@quick
@given(RATIONAL, RATIONAL, st.sampled_from(["other", "rearranged", "plus one"]))
def test_equality_over_a_prime_field_is_that_of_sympy(node: Node, other: Node, form: str) -> None:
    right = {"other": other, "rearranged": rearranged(node), "plus one": Node("+", (node, number(1)))}[form]
    assume(by_sympy(node) is not None and by_sympy(right) is not None)
    try:
        ours = modular.equal(node, right, "seed")
    except modular.NotRationalError:  # a division by what is zero everywhere
        assume(False)
    assert ours == (sympy.cancel(by_sympy(node) - by_sympy(right)) == 0)


@settings(quick, max_examples=60)
@given(ANY, ANY, st.sampled_from(["other", "rearranged", "twice"]))
def test_expressions_are_the_same_where_sympy_says_so(node: Node, other: Node, form: str) -> None:
    right = {"other": other, "rearranged": rearranged(node), "twice": Node("+", (node, node))}[form]
    assume(by_sympy(node) is not None and by_sympy(right) is not None and symbols(node) == symbols(right))
    theirs = (by_sympy(node) - by_sympy(right)).equals(0)
    assume(theirs is not None)
    try:
        ours = same_expression(node, right)
    except UndecidedError:
        assume(False)
    assert ours == theirs
