"""Expressions as trees."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Node:
    r"""An expression: a number, a symbol, a constant, or an operator with its arguments."""

    head: str
    """``number``, ``symbol``, ``constant``, one of ``+ * / ^ neg root abs floor ceil ! binom degree log``, or the name
    of a function."""
    arguments: tuple["Node", ...] = ()
    value: Fraction = Fraction(0)
    """Of a number."""
    name: str = ""
    """Of a symbol or constant."""


def symbols(node: Node) -> set[str]:
    """Returns the names of the variables in an expression."""
    own = {node.name} if node.head == "symbol" else set()
    return own.union(*map(symbols, node.arguments)) if node.arguments else own


def heads(node: Node) -> set[str]:
    """Returns which operators and functions an expression uses."""
    return {node.head}.union(*map(heads, node.arguments)) if node.arguments else {node.head}


def number(value: Fraction | int) -> Node:
    """Returns a number as an expression."""
    return Node("number", value=Fraction(value))


def numbers(node: Node) -> set[Fraction]:
    """Returns the numbers in an expression."""
    own = {node.value} if node.head == "number" else set()
    return own.union(*map(numbers, node.arguments)) if node.arguments else own
