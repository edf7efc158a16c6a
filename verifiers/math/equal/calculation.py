"""Tells an answer from a calculation that was not worked out."""

import re

from rft.expressions.tree import Node, heads, symbols

UNDONE = "a calculation that is left undone"
_UNDONE = re.compile(r"[\d)}\]]\s*(?:[-+]\s*(?=[-+\d({\[\\.])|(?:\\cdot|\*)\s*(?!\{?10\}?\s*\^)(?=[-+\d({\[\\.]))")


def left_undone(answer: str) -> bool:
    r"""Whether an answer is a sum, a difference or a product that was not worked out.

    Else "47 - 81" would answer "What is 47 - 81?", and repeating the question would be rewarded. Fractions, powers and
    ``3 \cdot 10^{5}`` are numbers as they stand.

    >>> [left_undone(text) for text in ("47 - 81", r"3 \cdot 4", r"-3 \cdot 10^{5}", r"\frac{-1}{2}", "2^{-3}")]
    [True, True, False, False, False]
    """
    return _UNDONE.search(answer) is not None


def is_calculation(node: Node) -> bool:
    """Returns whether a closed expression holds a sum or a product: no answer where the reference is a plain number."""
    return not symbols(node) and bool(heads(node) & {"+", "*"})
