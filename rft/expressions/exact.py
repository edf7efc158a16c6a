"""The exact value of closed arithmetic, as a fraction: of a tree, or of a text as it is typed.

Never evaluates text as code, never rounds, never raises whatever the text holds, and ends in time linear in the length
of the text: sizes are bounded before anything is computed.
"""

from fractions import Fraction

from rft.expressions.arithmetic import parse_arithmetic
from rft.expressions.grammar import SyntaxRefusedError
from rft.expressions.tree import Node

MAX_BITS = 1 << 13
"""Bits of any numerator or denominator on the way: about 2,466 decimal digits."""


class _NotExactError(Exception):
    """Not closed arithmetic, without a value, or beyond the bounds."""


def evaluate(expression: str) -> Fraction | None:
    r"""Returns the exact value of closed arithmetic (see ``arithmetic``), or None when the text is anything else.

    >>> evaluate("2^10 - 24"), evaluate(r"\frac{1}{2} \cdot (3 + 5)"), evaluate("9^9^9^9"), evaluate("1 / 0")
    (Fraction(1000, 1), Fraction(4, 1), None, None)
    """
    try:
        return exact(parse_arithmetic(expression))
    except SyntaxRefusedError:
        return None


def exact(node: Node, max_bits: int = MAX_BITS) -> Fraction | None:
    """Returns the exact value of an expression, or None where it has none or one that is too large.

    Only numbers, ``+ * / ^``, a minus, and whole exponents have exact values.

    Args:
        node: the expression.
        max_bits: bits of any numerator or denominator on the way.
    """
    try:
        return _value(node, max_bits)
    except _NotExactError:
        return None


def _value(node: Node, max_bits: int) -> Fraction:
    """One frame of the stack for each level of the tree: a chain of quotients is as deep as it is long."""
    match node.head:
        case "number":
            return _bounded(node.value, max_bits)
        case "neg":
            return -_value(node.arguments[0], max_bits)
        case "+":
            total = _value(node.arguments[0], max_bits)
            for term in node.arguments[1:]:
                total = _bounded(total + _value(term, max_bits), max_bits)
            return total
        case "*":
            product = _value(node.arguments[0], max_bits)
            for factor in node.arguments[1:]:
                product = _bounded(product * _value(factor, max_bits), max_bits)
            return product
        case "/":
            top, bottom = _value(node.arguments[0], max_bits), _value(node.arguments[1], max_bits)
            if not bottom:
                raise _NotExactError
            return _bounded(top / bottom, max_bits)
        case "^":
            base, exponent = _value(node.arguments[0], max_bits), _value(node.arguments[1], max_bits)
            return _power(base, exponent, max_bits)
    raise _NotExactError


def _power(base: Fraction, exponent: Fraction, max_bits: int) -> Fraction:
    if exponent.denominator != 1 or (base == 0 and exponent <= 0):
        raise _NotExactError
    if abs(base) in (0, 1):
        return base if exponent % 2 else abs(base)
    # a base of b bits is at least 2^(b-1): what is refused here would be refused for its size below
    if abs(exponent) * _bits(base) > 2 * max_bits:
        raise _NotExactError
    return _bounded(base ** int(exponent), max_bits)


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _bounded(value: Fraction, max_bits: int) -> Fraction:
    if _bits(value) > max_bits:
        raise _NotExactError
    return value
