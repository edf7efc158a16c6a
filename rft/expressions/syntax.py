r"""Mathematical expressions in canonical LaTeX, a spelling of ``grammar``; nothing is ever evaluated as code.

    factor   = { "-" } power                  a missing sign is a product, except before a number: 2x, 2(3), never 2 3
    power    = postfix [ "^" argument { "!" | "\degree" } ]
    postfix  = atom { "!" | "\degree" }
    atom     = ... | symbol | constant | "|" sum "|" | "\sqrt" ["[" sum "]"] argument | "\binom" argument argument
             | "\lfloor" sum "\rfloor" | "\lceil" sum "\rceil" | function ["_" argument] ["^" argument] operand
    argument = { "-" } ( group | digit | atom )

What is outside it (integrals, sums with bounds, words) is compared as text by the caller. Length, depth and the size of
numbers are bounded while reading, so that a tree is always small.
"""

import re
from fractions import Fraction

from rft.expressions.grammar import GROUPS, ExpressionParser, SyntaxRefusedError, Token, negated, times
from rft.expressions.tree import Node, number

MAX_LENGTH = 1_500
"""Characters of an expression."""
MAX_DEPTH = 40
"""Nested groups, roots and functions; and nested exponents."""
MAX_QUOTIENTS = 100
"""Signs of division."""
MAX_DIGITS = 1_000
"""Digits of one number."""
MAX_WORD = 5
"""A longer run of bare letters is a word, not a product."""

CONSTANTS = frozenset({"pi", "e", "i", "infty"})
_LETTERS = """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma tau
    phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar
"""
GREEK = frozenset(_LETTERS.split())
TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch"})
FUNCTIONS = TRIGONOMETRIC | {f"arc{name}" for name in TRIGONOMETRIC} | {"log", "ln", "lg", "exp", "sgn"}
CALLED = frozenset(
    {"f", "g", "h", "F", "G", "H", "P", "E", "T", "u", "W", "J", "\\Phi", "\\Gamma", "\\zeta", "\\varphi", "\\delta"}
)
"""Letters that name a function where a bracket follows at once: f(x + y) is not f x + f y."""
_DECORATIONS = frozenset({"overline", "bar", "vec", "hat", "tilde", "mathbb", "mathcal", "widehat", "dot"})

_TOKEN = re.compile(
    r"(?P<number>(?:[1-9]\d{0,2}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)"
    r"|(?P<macro>\\[a-zA-Z]+)|(?P<word>[a-zA-Z]+)|(?P<space>\s+)|(?P<sign>.)",
    re.DOTALL,
)
_NOT_A_FACTOR = frozenset({r"\cdot", r"\rfloor", r"\rceil", r"\degree"})

MAX_COST = 2_000
"""Sum of the costs of all tokens: roots, functions and above all factorials take far longer than sums."""
_COSTS = {"!": 100, r"\binom": 300, "^": 5}
_MACRO_COST = 5


def parse(text: str) -> Node:
    r"""Returns the tree of an expression in canonical LaTeX.

    >>> parse("2x").head, parse(r"\frac{1}{2}").arguments[1].value
    ('*', Fraction(2, 1))

    Raises:
        SyntaxRefusedError: it is not an expression of the grammar, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise SyntaxRefusedError(f"longer than {MAX_LENGTH} characters", malformed=False)
    tokens = [(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(text)]
    cost = sum(_COSTS.get(token, _MACRO_COST if kind == "macro" else 1) for kind, token in tokens)
    if cost > MAX_COST:
        raise SyntaxRefusedError("too long to be computed", malformed=False)
    return _LatexParser(tokens).run()


class _LatexParser(ExpressionParser):
    max_depth = MAX_DEPTH
    max_quotients = MAX_QUOTIENTS

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.bars = 0
        """Absolute values that are open in this group: the next bar closes one."""
        self.exponents = 0
        """Exponents that are open, as in 2^{3^{4}}: nothing else bounds how deep they are nested."""

    def factor(self) -> Node:
        r"""A minus may stand before a factor: 2 \cdot -3."""
        negative = self.minus("-")
        node = self.power()
        return negated(node) if negative else node

    def starts_factor(self) -> bool:
        r"""A letter, a bracket or a command does: 2x, 2(3), 2\pi; a number does behind a bracket only: (2)3."""
        token, kind = self.peek(), self.kind()
        if kind == "number":
            if self.tokens[self.at - 1][1] in (")", "]", "!"):
                return True
            raise SyntaxRefusedError("a number behind a factor", malformed=False)
        if token == "|":
            return self.bars == 0
        return kind == "word" or token in GROUPS or (kind == "macro" and token not in _NOT_A_FACTOR)

    def power(self) -> Node:
        r"""x!^{2}, x^{2}!, 30\degree."""
        base = self.marked(self.atom())
        if self.take("^"):
            base = self.marked(Node("^", (base, self.exponent())))
        return base

    def marked(self, node: Node) -> Node:
        r"""An expression with the ``!`` or ``\degree`` behind it."""
        while mark := self.take("!", r"\degree"):
            if mark == "!" and node.head == "!":
                raise SyntaxRefusedError("a double factorial is compared as text only", malformed=False)
            node = Node("!" if mark == "!" else "degree", (node,))
        return node

    def exponent(self) -> Node:
        """x^{10}, x^2; TeX raises the 1 alone of x^10, which nobody means."""
        self.exponents += 1
        if self.exponents > MAX_DEPTH:
            raise SyntaxRefusedError(f"nested deeper than {MAX_DEPTH}", malformed=False)
        node = self.argument()
        self.exponents -= 1
        return node

    def argument(self) -> Node:
        """What TeX takes as an argument: a group, or one token; a sign before it was meant to belong to it."""
        negative = self.minus("-")
        if self.peek() == "{":
            node = self.group()
        elif self.kind() != "number":
            node = self.atom()
        elif len(self.peek()) == 1:
            node = self.number()
        else:
            raise SyntaxRefusedError("an argument without braces")
        return negated(node) if negative else node

    def other_atom(self, token: str, kind: str) -> Node:
        """A letter, an absolute value, or a command."""
        if kind == "word":
            return self.word()
        if token == "|":
            return self.bar()
        return self.macro() if kind == "macro" else super().other_atom(token, kind)

    def number(self) -> Node:
        r"""1,234.5; not 2\frac{1}{2}, which is a sum in a book and a product in a formula."""
        text = self.tokens[self.at][1]
        self.at += 1
        if len(text) > MAX_DIGITS:
            raise SyntaxRefusedError(f"a number of more than {MAX_DIGITS} digits", malformed=False)
        if self.peek() == r"\frac":
            raise SyntaxRefusedError("a mixed number inside an expression", malformed=False)
        return number(Fraction(text.replace(",", "")))

    def word(self) -> Node:
        """One letter of a run of letters; the rest of the run stays: abc is a b c."""
        word = self.tokens[self.at][1]
        if len(word) > MAX_WORD:
            raise SyntaxRefusedError(f"'{word[:20]}' is a word", malformed=False)
        if len(word) > 1:
            self.tokens[self.at] = ("word", word[1:])
        else:
            self.at += 1
        return self.named(word[0])

    def named(self, name: str) -> Node:
        """A symbol or constant with its subscript, primes and bracket: x_{1}, f'(x)."""
        if self.peek() == "_":
            self.at += 1
            name += f"_{{{self.raw()}}}"
        primed = name
        while self.take("'"):
            name += "'"
        if (primed.partition("_")[0] in CALLED or name != primed) and (call := self.call()):
            return Node("symbol", name=f"{name}{call}")
        return Node("constant", name=name) if name in CONSTANTS else Node("symbol", name=name)

    def call(self) -> str:
        """The text of the bracket that follows a function's name, and of an inverse sign before it; "" if none does."""
        start = self.at
        call = ""
        if self.take("^"):
            call = f"^{{{self.raw()}}}"
        if self.peek() != "(" or call not in ("", "^{-1}"):
            self.at = start
            return ""
        depth = 0
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            self.at += 1
            call += text if kind != "space" else ""
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0:
                return call
        raise SyntaxRefusedError("')' is missing")

    def raw(self) -> str:
        """The text of the next group or token, as it stands."""
        if not self.take("{"):
            token = self.peek()
            self.at += 1
            return token
        start, depth = self.at, 1
        while depth:
            if self.at >= len(self.tokens):
                raise SyntaxRefusedError("'}' is missing")
            depth += {"{": 1, "}": -1}.get(self.tokens[self.at][1], 0)
            self.at += 1
        return "".join(text for _, text in self.tokens[start : self.at - 1]).strip()

    def group(self) -> Node:
        """A group starts anew with bars: |(|x|)|."""
        bars, self.bars = self.bars, 0
        node = super().group()
        self.bars = bars
        return node

    def bar(self) -> Node:
        """|x - 3|."""
        self.need("|")
        self.bars += 1
        node = self.sum()
        self.bars -= 1
        self.need("|")
        return Node("abs", (node,))

    def macro(self) -> Node:
        """Returns what a LaTeX command stands for, with its arguments."""
        name = self.tokens[self.at][1][1:]
        self.at += 1
        if name in CONSTANTS or name in GREEK:
            return self.named(name if name in CONSTANTS else f"\\{name}")
        if name in _DECORATIONS:
            return self.named(f"\\{name}{{{self.raw()}}}")
        if name in FUNCTIONS:
            return self.function(name)
        match name:
            case "binom":
                return Node("binom", (self.argument(), self.argument()))
            case "sqrt":
                return self.root()
            case "lfloor" | "lceil":
                node = self.sum()
                self.need(rf"\r{name[1:]}")
                return Node(name[1:], (node,))
        raise SyntaxRefusedError(rf"'\{name}' is compared as text only", malformed=False)

    def root(self) -> Node:
        r"""\sqrt{x}, \sqrt[3]{x}."""
        degree = number(2)
        if self.take("["):
            degree = self.sum()
            self.need("]")
        return Node("root", (self.argument(), degree))

    def function(self, name: str) -> Node:
        r"""\sin x, \log_{2} 8, \sin^{2} x; \sin^{-1} x is the arc sine."""
        base = power = None
        for _ in range(2):
            if self.take("_"):
                base = self.argument()
            elif self.take("^"):
                power = self.argument()
        inverse = power is not None and power == number(-1) and name in TRIGONOMETRIC
        node = _applied(f"arc{name}" if inverse else name, self.operand(), base)
        return node if power is None or inverse else Node("^", (node, power))

    def operand(self) -> Node:
        r"""A bracketed group; else factors up to the next sign or function: ``\sin 2x``."""
        if self.peek() in GROUPS:
            return self.group()
        if self.peek() == "|":
            return self.bar()
        node = self.power()
        while self.starts_factor() and self.peek()[1:] not in FUNCTIONS and self.peek() not in ("(", "["):
            node = times(node, self.power())
        return node


def _applied(name: str, operand: Node, base: Node | None) -> Node:
    r"""A function of an operand; \exp x is a power, \lg x a logarithm with a base, and only \log has a subscript."""
    if base is not None and name != "log":
        raise SyntaxRefusedError(f"'{name}' with a subscript", malformed=False)
    if name == "exp":
        return Node("^", (Node("constant", name="e"), operand))
    if name == "lg":
        return Node("log", (operand, number(10)))
    return Node("log", (operand, base)) if base is not None else Node(name, (operand,))
