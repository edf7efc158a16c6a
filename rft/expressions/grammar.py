"""The rules that typed arithmetic (``arithmetic``) and canonical LaTeX (``syntax``) share: text in, a tree out.

    sum      = signed { ("+" | "-") signed }
    signed   = { "+" | "-" } product
    product  = power { ("*" | "/") factor | power }      the second only where a missing sign is a product: 2x
    power    = atom [ "^" exponent ]
    atom     = number | group | fraction | what a spelling adds
    fraction = "\\frac" argument argument

What a factor behind a sign, an exponent, an argument and a number look like is the spelling's.
"""

from abc import ABC, abstractmethod

from rft.expressions.tree import Node, number

Token = tuple[str, str]
"""Kind and text. The kinds: number, word, macro, space, and sign for everything else."""
GROUPS = {"(": ")", "[": "]", "{": "}"}


class SyntaxRefusedError(Exception):
    """The text is not an expression of the grammar; ``malformed`` tells a slip from what is only not covered."""

    def __init__(self, message: str, *, malformed: bool = True) -> None:
        super().__init__(message)
        self.malformed = malformed


class ExpressionParser(ABC):
    """Recursive descent over tokens; every method starts and ends at ``self.at``."""

    max_depth: int
    """Atoms, and where a spelling says so exponents, inside one another."""
    max_quotients: int
    """Signs of division."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.quotients = 0

    def run(self) -> Node:
        """Returns the tree of all tokens, or raises SyntaxRefusedError, as every method does."""
        node = self.sum()
        if self.peek():
            raise SyntaxRefusedError(f"{self.peek()!r} is out of place")
        return node

    # -- tokens

    def peek(self) -> str:
        """Returns the next token that is not a space, "" at the end."""
        while self.at < len(self.tokens) and self.tokens[self.at][0] == "space":
            self.at += 1
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def kind(self) -> str:
        """Returns the kind of the next token, "" at the end."""
        return self.tokens[self.at][0] if self.peek() else ""

    def take(self, *wanted: str) -> str:
        """Returns the next token and steps over it if it is one of these, else ""."""
        token = self.peek()
        if token and token in wanted:
            self.at += 1
            return token
        return ""

    def need(self, token: str) -> None:
        """Steps over a token that must stand here."""
        if not self.take(token):
            raise SyntaxRefusedError(f"{token!r} is missing")

    def enter(self) -> None:
        """Counts a level of nesting; the caller takes it off again."""
        self.depth += 1
        if self.depth > self.max_depth:
            raise SyntaxRefusedError(f"nested deeper than {self.max_depth}", malformed=False)

    # -- rules

    def sum(self) -> Node:
        """1 + 2 - 3."""
        terms = [self.signed()]
        while sign := self.take("+", "-"):
            term = self.signed()
            terms.append(negated(term) if sign == "-" else term)
        return terms[0] if len(terms) == 1 else Node("+", tuple(terms))

    def signed(self) -> Node:
        """-2, and the - - 3 of 5 - - 3."""
        negative = self.minus("+", "-")
        node = self.product()
        return negated(node) if negative else node

    def minus(self, *signs: str) -> bool:
        """Steps over signs, and returns whether together they make a minus."""
        negative = False
        while sign := self.take(*signs):
            negative ^= sign == "-"
        return negative

    def product(self) -> Node:
        """Returns factors with or without a sign between them, from the left: 1/2x is (1/2)x."""
        node = self.power()
        while True:
            if self.take("/"):
                self.quotients += 1
                if self.quotients > self.max_quotients:
                    raise SyntaxRefusedError(f"more than {self.max_quotients} quotients", malformed=False)
                node = Node("/", (node, self.factor()))
            elif self.take("*", r"\cdot"):
                node = times(node, self.factor())
            elif self.starts_factor():
                node = times(node, self.power())
            else:
                return node

    def starts_factor(self) -> bool:
        """Returns whether a factor without a sign before it stands here."""
        return False

    @abstractmethod
    def factor(self) -> Node:
        """What may stand behind the sign of a product: 2 * -3."""

    def power(self) -> Node:
        """2, 2^3."""
        base = self.atom()
        return Node("^", (base, self.exponent())) if self.take("^") else base

    @abstractmethod
    def exponent(self) -> Node:
        """What stands behind ``^``."""

    def atom(self) -> Node:
        """Returns what has no sign outside its brackets."""
        self.enter()
        token, kind = self.peek(), self.kind()
        if kind == "number":
            node = self.number()
        elif token in GROUPS:
            node = self.group()
        elif token == r"\frac":
            self.at += 1
            node = Node("/", (self.argument(), self.argument()))
        else:
            node = self.other_atom(token, kind)
        self.depth -= 1
        return node

    def other_atom(self, token: str, kind: str) -> Node:
        """Returns an atom that only this spelling has; ``token`` of ``kind`` is the next one."""
        raise SyntaxRefusedError(f"{token!r} is out of place" if token else "something is missing")

    @abstractmethod
    def number(self) -> Node:
        """Returns the value of the token here, which is of the kind ``number``."""

    def group(self) -> Node:
        """(1 + 2), [1 + 2], {1 + 2}."""
        closing = GROUPS[self.take(*GROUPS)]
        node = self.sum()
        self.need(closing)
        return node

    @abstractmethod
    def argument(self) -> Node:
        r"""Returns what ``\frac`` and its like apply to."""


def times(left: Node, right: Node) -> Node:
    """Returns a product; one of many factors is one node."""
    return Node("*", (*(left.arguments if left.head == "*" else (left,)), right))


def negated(node: Node) -> Node:
    """Returns minus an expression; of a number, the number."""
    if node.head == "number":
        return number(-node.value)
    return node.arguments[0] if node.head == "neg" else Node("neg", (node,))
