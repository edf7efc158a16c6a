r"""Arithmetic as it is typed, ``2^10 - 24`` or ``2 × (3 + 5)``: a spelling of ``grammar``.

    sum      = ["+" | "-"] product { ("+" | "-") product }
    product  = factor { ("*" | "/") factor }             2(3) is refused: 2 3 might be a slip
    factor   = { "+" | "-" } atom [ "^" factor ]         2^10 is 1024, 2^3^2 is 2^9, 2^-1 is a half, -2^2 is -4
    atom     = number | group | "\frac" argument argument
    argument = "{" sum "}" | digit                       \frac12 is a half

``**`` is ``^``; ``× · ⋅ \times \cdot`` are ``*``; ``÷ \div`` are ``/``; ``\dfrac`` and its kin are ``\frac``. A group
stands in round, curly or square brackets.
"""

import re

from rft.expressions.grammar import ExpressionParser, SyntaxRefusedError, Token, negated
from rft.expressions.numeral import NUMBER, literal, plain_signs
from rft.expressions.tree import Node, number

MAX_LENGTH = 1_000
"""Characters of an expression."""
MAX_DEPTH = 40
"""Nested groups and exponents."""

_TOKEN = re.compile(
    rf"(?P<number>{NUMBER})"
    r"|(?P<space>(?:\s|\\[,;:! ]|\\(?:left|right)(?![a-zA-Z]))+)"
    r"|(?P<sign>[-+(){}\[\]])"
    r"|(?P<times>\*(?!\*)|×|·|⋅|\\(?:times|cdot)(?![a-zA-Z]))"
    r"|(?P<over>/|÷|\\div(?![a-zA-Z]))"
    r"|(?P<power>\^|\*\*)"
    r"|(?P<macro>\\[dtc]?frac(?![a-zA-Z]))"
    r"|(?P<other>.)",
    re.DOTALL,
)
_ONE_SPELLING = {"times": "*", "over": "/", "power": "^", "macro": r"\frac"}


def parse_arithmetic(text: str) -> Node:
    r"""Returns the tree of closed arithmetic.

    >>> parse_arithmetic("2 + 3").head, parse_arithmetic("2 ** 10").head, parse_arithmetic("5").value
    ('+', '^', Fraction(5, 1))

    Raises:
        SyntaxRefusedError: it is anything else, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise SyntaxRefusedError(f"longer than {MAX_LENGTH} characters", malformed=False)
    return _ArithmeticParser(_tokens(plain_signs(text))).run()


def _tokens(text: str) -> list[Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "other":
            raise SyntaxRefusedError(f"{match[0]!r} is out of place")
        if kind != "space":
            tokens.append((kind, _ONE_SPELLING.get(kind) or match[0]))
    return tokens


class _ArithmeticParser(ExpressionParser):
    max_depth = MAX_DEPTH + 1
    """The number inside the innermost group is one level more."""
    max_quotients = MAX_LENGTH // 2

    def factor(self) -> Node:
        """Any signs may stand before a factor: 5 * -3, 2 * +3."""
        negative = self.minus("+", "-")
        node = self.power()
        return negated(node) if negative else node

    def exponent(self) -> Node:
        """All that follows up to the next sign of lower rank: 2^10, 2^-1, 2^3^2."""
        self.enter()
        node = self.factor()
        self.depth -= 1
        return node

    def number(self) -> Node:
        """With thousands or in scientific notation: 1,234 or 1.5e-3."""
        value = literal(self.tokens[self.at][1])
        if value is None:
            raise SyntaxRefusedError("a number beyond the bounds", malformed=False)
        self.at += 1
        return number(value)

    def argument(self) -> Node:
        r"""A group or a single digit, whatever follows it: \frac{1}{2}, \frac12."""
        text = self.peek()
        if text == "{":
            return self.group()
        if not text[:1].isdecimal():
            raise SyntaxRefusedError("an argument is missing")
        if len(text) > 1:
            self.tokens[self.at] = ("number", text[1:])
        else:
            self.at += 1
        return number(int(text[0]))
