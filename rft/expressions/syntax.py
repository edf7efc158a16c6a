r"""A closed grammar for mathematical expressions: canonical LaTeX in, a tree out; nothing is ever evaluated as code.

    sum      = ["+" | "-"] product { ("+" | "-") product }
    product  = power { [ "\cdot" | "*" | "/" ] power }           a missing sign is a product, but not before a number
    power    = postfix [ "^" argument ]
    postfix  = atom { "!" | "\degree" }
    atom     = number | symbol | constant | group | "|" sum "|" | "\frac" argument argument
             | "\sqrt" ["[" sum "]"] argument | "\binom" argument argument | "\lfloor" sum "\rfloor"
             | function ["_" argument] ["^" argument] operand

What is outside it (integrals, sums with bounds, words) is compared as text by the caller. Length, depth and the size of
numbers are bounded while reading, so that a tree is always small.
"""

import re
from fractions import Fraction

from rft.expressions.tree import Node, number

MAX_LENGTH = 1_500
"""Characters of an expression."""
MAX_DEPTH = 40
"""Nested groups, roots and functions."""
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
_GROUPS = {"(": ")", "[": "]", "{": "}"}


MAX_COST = 2_000
"""Sum of the costs of all tokens: roots, functions and above all factorials take far longer than sums."""
_COSTS = {"!": 100, r"\binom": 300, "^": 5}
_MACRO_COST = 5


class SyntaxRefusedError(Exception):
    """The text is no expression of the grammar; ``malformed`` tells a slip from what is only not covered."""

    def __init__(self, message: str, *, malformed: bool = True) -> None:
        super().__init__(message)
        self.malformed = malformed


def parse(text: str) -> Node:
    r"""Returns the tree of an expression in canonical LaTeX.

    >>> parse(r"2x").head, parse(r"\frac{1}{2}").arguments[1].value
    ('*', Fraction(2, 1))

    Raises:
        SyntaxRefusedError: it is no expression of the grammar, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise SyntaxRefusedError(f"longer than {MAX_LENGTH} characters", malformed=False)
    return _Parser(text).run()


class _Parser:
    """Recursive descent over tokens; every method starts and ends at ``self.at``."""

    def __init__(self, text: str) -> None:
        self.tokens = [(m.lastgroup or "", m[0]) for m in _TOKEN.finditer(text)]
        cost = sum(_COSTS.get(token, _MACRO_COST if kind == "macro" else 1) for kind, token in self.tokens)
        if cost > MAX_COST:
            raise SyntaxRefusedError("too long to be computed", malformed=False)
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.quotients = 0

    def run(self) -> Node:
        node = self.sum()
        if self.peek():
            raise SyntaxRefusedError(f"{self.peek()!r} is out of place")
        return node

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "space":
            self.at += 1
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.peek() else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if token and token in wanted:
            self.at += 1
            return token
        return ""

    def need(self, token: str) -> None:
        if not self.take(token):
            raise SyntaxRefusedError(f"{token!r} is missing")

    def sum(self) -> Node:
        terms = [self.signed()]
        while sign := self.take("+", "-"):
            term = self.signed()
            terms.append(_negated(term) if sign == "-" else term)
        return terms[0] if len(terms) == 1 else Node("+", tuple(terms))

    def signed(self) -> Node:
        negative = False
        while sign := self.take("+", "-"):
            negative ^= sign == "-"
        node = self.product()
        return _negated(node) if negative else node

    def product(self) -> Node:
        """Returns factors with or without a sign between them, from the left: 1/2x is (1/2)x."""
        node = self.power()
        while True:
            if self.take("/"):
                self.quotients += 1
                if self.quotients > MAX_QUOTIENTS:
                    raise SyntaxRefusedError(f"more than {MAX_QUOTIENTS} quotients", malformed=False)
                node = Node("/", (node, self.factor()))
            elif self.take("*", r"\cdot"):
                node = _times(node, self.factor())
            elif self.starts_factor():
                node = _times(node, self.power())
            else:
                return node

    def factor(self) -> Node:
        """What may stand after an operator: a sign is allowed there."""
        negative = False
        while self.take("-"):
            negative ^= True
        node = self.power()
        return _negated(node) if negative else node

    def starts_factor(self) -> bool:
        token, kind = self.peek(), self.kind()
        if kind == "number":
            if self.tokens[self.at - 1][1] in (")", "]", "!"):
                return True
            raise SyntaxRefusedError("a number behind a factor", malformed=False)
        if token == "|":
            return self.bars == 0
        return kind == "word" or token in ("(", "[", "{") or (kind == "macro" and token not in _NOT_A_FACTOR)

    def power(self) -> Node:
        base = self.postfix()
        if self.take("^"):
            base = self.marked(Node("^", (base, self.argument())))
        return base

    def postfix(self) -> Node:
        return self.marked(self.atom())

    def marked(self, node: Node) -> Node:
        while mark := self.take("!", r"\degree"):
            if mark == "!" and node.head == "!":
                raise SyntaxRefusedError("a double factorial is compared as text only", malformed=False)
            node = Node("!" if mark == "!" else "degree", (node,))
        return node

    def atom(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxRefusedError(f"nested deeper than {MAX_DEPTH}", malformed=False)
        node = self.unmarked()
        self.depth -= 1
        return node

    def unmarked(self) -> Node:
        token, kind = self.peek(), self.kind()
        if kind == "number":
            return self.number()
        if kind == "word":
            return self.word()
        if token in _GROUPS:
            return self.group()
        if token == "|":
            return self.bar()
        if kind == "macro":
            return self.macro()
        raise SyntaxRefusedError(f"{token!r} is out of place" if token else "something is missing")

    def number(self) -> Node:
        text = self.tokens[self.at][1]
        self.at += 1
        if len(text) > MAX_DIGITS:
            raise SyntaxRefusedError(f"a number of more than {MAX_DIGITS} digits", malformed=False)
        if self.peek() == r"\frac":
            raise SyntaxRefusedError("a mixed number inside an expression", malformed=False)
        return number(Fraction(text.replace(",", "")))

    def word(self) -> Node:
        """One letter of a run of letters; the rest of the run stays."""
        word = self.tokens[self.at][1]
        if len(word) > MAX_WORD:
            raise SyntaxRefusedError(f"'{word[:20]}' is a word", malformed=False)
        if len(word) > 1:
            self.tokens[self.at] = ("word", word[1:])
        else:
            self.at += 1
        return self.named(word[0])

    def named(self, name: str) -> Node:
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
        found = ""
        if self.take("^"):
            found = f"^{{{self.raw()}}}"
        if self.peek() != "(" or found not in ("", "^{-1}"):
            self.at = start
            return ""
        depth = 0
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            self.at += 1
            found += text if kind != "space" else ""
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0:
                return found
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
        closing = _GROUPS[self.take(*_GROUPS)]
        bars, self.bars = self.bars, 0
        node = self.sum()
        self.bars = bars
        self.need(closing)
        return node

    def bar(self) -> Node:
        self.need("|")
        self.bars += 1
        node = self.sum()
        self.bars -= 1
        self.need("|")
        return Node("abs", (node,))

    def argument(self) -> Node:
        """What TeX takes as an argument: a group, or one token; a sign before it was meant to belong to it."""
        if self.take("-"):
            return _negated(self.argument())
        if self.peek() == "{":
            return self.group()
        if self.kind() == "number":
            text = self.tokens[self.at][1]
            if len(text) > 1:
                raise SyntaxRefusedError("an argument without braces")
            return self.number()
        return self.atom()

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
            case "frac":
                return Node("/", (self.argument(), self.argument()))
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
        degree = number(2)
        if self.take("["):
            degree = self.sum()
            self.need("]")
        return Node("root", (self.argument(), degree))

    def function(self, name: str) -> Node:
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
        if self.peek() in _GROUPS:
            return self.group()
        if self.peek() == "|":
            return self.bar()
        node = self.power()
        while self.starts_factor() and self.peek()[1:] not in FUNCTIONS and self.peek() not in ("(", "["):
            node = _times(node, self.power())
        return node


_NOT_A_FACTOR = frozenset({r"\cdot", r"\rfloor", r"\rceil", r"\degree"})


def _applied(name: str, operand: Node, base: Node | None) -> Node:
    if base is not None and name != "log":
        raise SyntaxRefusedError(f"'{name}' with a subscript", malformed=False)
    if name == "exp":
        return Node("^", (Node("constant", name="e"), operand))
    if name == "lg":
        return Node("log", (operand, number(10)))
    return Node("log", (operand, base)) if base is not None else Node(name, (operand,))


def _times(left: Node, right: Node) -> Node:
    return Node("*", (*(left.arguments if left.head == "*" else (left,)), right))


def _negated(node: Node) -> Node:
    if node.head == "number":
        return number(-node.value)
    return node.arguments[0] if node.head == "neg" else Node("neg", (node,))
