"""Asks SymPy whether two expressions are equal. SymPy is built from our tree, node by node, and never reads text.

It takes as long and as much memory as it likes, so it belongs into a process with limits (``rft.processes.workers``);
what crosses the pipe is the tree as plain JSON. Conventions are those of ``value``: variables are real, an odd root of
a negative number is real, a logarithm without a base is natural or decimal, the same on both sides.
"""

from fractions import Fraction
from typing import Any

from rft.expressions.tree import Node, heads
from rft.types import JSON

Expression = Any
"""An expression of SymPy, which has no annotations."""
_SAME_NAME = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch"})
_REAL_ONLY = {"floor": "floor", "ceil": "ceiling", "sgn": "sign"}
"""Functions that have a value for real arguments only, and SymPy's names for them."""


class NotExpressibleError(Exception):
    """An expression has no counterpart in SymPy that certainly means the same."""


def to_json(node: Node) -> JSON:
    """Returns a tree as lists and texts: ``[head, value, name, arguments]``."""
    return [node.head, str(node.value), node.name, [to_json(part) for part in node.arguments]]


def from_json(written: JSON) -> Node:
    """Returns the tree that ``to_json`` has written."""
    head, value, name, arguments = written
    return Node(head, tuple(map(from_json, arguments)), Fraction(value), name)


def same(left: Node, right: Node) -> bool | None:
    """Returns whether SymPy proves two expressions equal or different; None when it does neither."""
    verdicts = [_is_zero(expression(left, base) - expression(right, base)) for base in _log_bases(left, right)]
    return _any(verdicts)


def proportional(left: Node, right: Node, *, positive: bool) -> bool | None:
    """Returns whether one expression is proved to be the other times a constant, which is positive if that is asked.

    The constant is looked for as in ``algebra``: f(x) g(y) = f(y) g(x) for independent x and y.
    """
    verdicts: list[bool | None] = []
    for base in _log_bases(left, right):
        f, g = expression(left, base), expression(right, base)
        here, there = _places(f, g)
        zeros = [_is_zero(f.subs(here)), _is_zero(g.subs(here))]
        crossed = _is_zero((f * g.subs(there) - f.subs(there) * g).expand())
        if crossed and (None in zeros or (positive and (f / g).subs(here).is_positive is None)):
            verdicts.append(None)
        else:
            verdicts.append(crossed and not any(zeros) and (not positive or bool((f / g).subs(here).is_positive)))
    return _any(verdicts)


def _places(f: Expression, g: Expression) -> tuple[dict[Expression, Expression], dict[Expression, Expression]]:
    """A value for each variable, and another variable for each."""
    import sympy

    names = sorted(f.free_symbols | g.free_symbols, key=str)
    here = {name: sympy.Rational(7 + 4 * place, 5) for place, name in enumerate(names)}
    return here, {name: sympy.Dummy(real=True) for name in names}


def expression(node: Node, log_base: int | None = None) -> Expression:
    """Returns a tree as an expression of SymPy.

    Args:
        node: the tree.
        log_base: base of a logarithm written without one; None for e.

    Raises:
        NotExpressibleError: it holds infinity, a value that is not finite, or a function at a place where SymPy's
            conventions may not be those of ``value``.
    """
    import sympy

    parts = [expression(part, log_base) for part in node.arguments]
    built = _built(sympy, node, parts, log_base)
    if built.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise NotExpressibleError(f"'{node.head}' has no finite value")
    return built


def _built(sympy: Any, node: Node, parts: list[Expression], log_base: int | None) -> Expression:
    match node.head:
        case "number":
            return sympy.Rational(node.value.numerator, node.value.denominator)
        case "symbol":
            return sympy.Symbol(node.name, real=True)
        case "constant" if node.name in _constants(sympy):
            return _constants(sympy)[node.name]
        case "+":
            return sympy.Add(*parts)
        case "*":
            return sympy.Mul(*parts)
        case "/":
            return parts[0] / parts[1]
        case "neg":
            return -parts[0]
        case "^":
            return _power(sympy, *parts)
        case "root":
            return _power(sympy, parts[0], 1 / parts[1])
    return _applied(sympy, node.head, parts, log_base)


def _applied(sympy: Any, head: str, parts: list[Expression], log_base: int | None) -> Expression:
    x: Expression = parts[0] if parts else None
    if head in _SAME_NAME:
        return getattr(sympy, head)(x)
    if head.removeprefix("arc") in _SAME_NAME:
        return getattr(sympy, head.replace("arc", "a"))(x)
    if head in _REAL_ONLY and x.is_real:
        return getattr(sympy, _REAL_ONLY[head])(x)
    match head:
        case "abs":
            return sympy.Abs(x)
        case "degree":
            return x * sympy.pi / 180
        case "!":
            return sympy.factorial(x)
        case "binom":
            return sympy.factorial(x) / (sympy.factorial(parts[1]) * sympy.factorial(x - parts[1]))
        case "ln":
            return sympy.log(x)
        case "log":
            base = parts[1] if len(parts) > 1 else log_base
            return sympy.log(x) if base is None else sympy.log(x) / sympy.log(base)
    raise NotExpressibleError(f"'{head}' is not put to SymPy")


def _constants(sympy: Any) -> dict[str, Expression]:
    return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}


def _power(sympy: Any, base: Expression, exponent: Expression) -> Expression:
    """A power by our conventions; SymPy takes the complex cube root of -8, and 1 for a power 0 of 0."""
    if base.is_zero is not False and exponent.is_positive is not True and base.is_number:
        raise NotExpressibleError("a power of zero")
    if exponent.is_Rational and exponent.q % 2 and exponent.q > 1:
        if base.is_negative:
            return (-1 if exponent.p % 2 else 1) * (-base) ** exponent
        if not base.is_nonnegative:
            raise NotExpressibleError("an odd root of what may be negative")
    return base**exponent


def _is_zero(difference: Expression) -> bool | None:
    """Whether a difference is certainly zero, certainly not, or neither is known."""
    import sympy

    simple = sympy.simplify(difference)
    if simple == 0:
        return True
    if simple.is_number and simple.is_zero is not None:
        return bool(simple.is_zero)
    return None if (proved := simple.equals(0)) is None else bool(proved)


def _log_bases(left: Node, right: Node) -> tuple[int | None, ...]:
    return (None, 10) if "log" in heads(left) | heads(right) else (None,)


def _any(verdicts: list[bool | None]) -> bool | None:
    """Whether one is true; None when none is and one is not known."""
    return True if True in verdicts else None if None in verdicts else False
