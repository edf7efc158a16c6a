r"""Rational expressions over a prime field: equal ones have equal values there, others almost never do.

An identity of polynomials or rational functions is decided exactly, except for a chance of about degree / 2^127
(Schwartz, "Fast probabilistic algorithms for verification of polynomial identities", JACM 1980; Zippel, EUROSAM 1979).
Numbers never grow, so that ``10^{10^{10}}`` against itself plus one costs microseconds. The prime and the points depend
on both texts: nobody can choose an answer after them.
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256

from rft.expressions.exact import exact
from rft.expressions.tree import Node, heads, numbers

BELOW = (39, 295, 507, 511, 735, 1231, 1447, 1495)
"""2^127 minus each of these is a prime that leaves 1 when divided by 4: there -1 has a square root, which is i."""
MAX_EXPONENT_BITS = 64
MAX_BITS = 4_096
"""Of a whole number met on the way to an exponent."""
MAX_FACTORIAL = 20_000
_WHOLE = frozenset({"number", "neg", "+", "*", "^"})
"""What exponents and arguments of factorials are made of; a quotient in them is left to the comparison of values."""


class NotRationalError(Exception):
    """The expression is not a rational function, or it has no value at the point (a division by zero)."""


def equal(left: Node, right: Node, seed: str) -> bool:
    """Returns whether two rational expressions are equal.

    Raises:
        NotRationalError: one holds anything but numbers, variables, i, ``+ * / ^`` with whole exponents, and factorials
            and binomials of moderate whole numbers.
    """
    field = _Field(seed)
    return field.value(left) == field.value(right)


def proportional(f: Node, g: Node, seed: str) -> bool:
    """Returns whether one rational expression is the other times a constant, and neither is zero.

    Raises:
        NotRationalError: see ``equal``.
    """
    here, there = _Field(seed, "here"), _Field(seed, "there")
    f_here, g_here, f_there, g_there = (field.value(node) for field in (here, there) for node in (f, g))
    return bool(f_here and g_here) and (f_here * g_there - f_there * g_here) % here.prime == 0


class _Field:
    """The whole numbers modulo a prime, with a value for every variable."""

    def __init__(self, seed: str, place: str = "") -> None:
        self.prime = (1 << 127) - BELOW[_digest(seed) % len(BELOW)]
        self.point = f"{seed} {place}"

    def value(self, node: Node) -> int:
        """Returns the value of an expression, 0 to ``prime`` - 1; raises NotRationalError."""
        match node.head:
            case "number":
                return self.fraction(node.value)
            case "symbol":
                return _digest(f"{self.point} {node.name}") % self.prime
            case "constant" if node.name == "i":
                return _root_of_minus_one(self.prime)
            case "neg":
                return -self.value(node.arguments[0]) % self.prime
            case "+":
                return sum(map(self.value, node.arguments)) % self.prime
            case "*":
                return self.product(map(self.value, node.arguments))
            case "/":
                top, bottom = map(self.value, node.arguments)
                return top * self.inverse(bottom) % self.prime
            case "^":
                return self.power(node)
            case "!":
                return self.falling(whole(node.arguments[0]), None)
            case "binom":
                n, k = map(whole, node.arguments)
                return self.falling(n, k) * self.inverse(self.falling(k, None)) % self.prime
        raise NotRationalError(node.head)

    def power(self, node: Node) -> int:
        base, exponent = self.value(node.arguments[0]), whole(node.arguments[1])
        if exponent is None or exponent.bit_length() > MAX_EXPONENT_BITS or (base == 0 and exponent <= 0):
            raise NotRationalError("an exponent that is not a moderate whole number")
        return pow(self.inverse(base) if exponent < 0 else base, abs(exponent), self.prime)

    def falling(self, n: int | None, k: int | None) -> int:
        """n (n - 1) ... of k factors; n! where k is None."""
        k = n if k is None else k
        if n is None or k is None or not (0 <= n <= MAX_FACTORIAL and 0 <= k <= MAX_FACTORIAL):
            raise NotRationalError("a factorial of something else than a moderate whole number")
        return self.product(range(n - k + 1, n + 1))

    def product(self, factors: Iterable[int]) -> int:
        product = 1
        for factor in factors:
            product = product * factor % self.prime
        return product

    def fraction(self, number: Fraction) -> int:
        return number.numerator * self.inverse(number.denominator) % self.prime

    def inverse(self, number: int) -> int:
        if number % self.prime == 0:
            raise NotRationalError("a division by zero")
        return pow(number, -1, self.prime)


def whole(node: Node) -> int | None:
    """Returns the exact value of closed whole-number arithmetic of moderate size, without quotients, else None.

    >>> from rft.expressions.syntax import parse
    >>> whole(parse("2^{3}-1")), whole(parse("6/2")), whole(parse("0.5*2")), whole(parse("n"))
    (7, None, None, None)
    """
    if node.head == "number":  # as nearly every exponent is
        return node.value.numerator if node.value.denominator == 1 else None
    if not heads(node) <= _WHOLE or any(value.denominator > 1 for value in numbers(node)):
        return None
    value = exact(node, MAX_BITS)
    return value.numerator if value is not None and value.denominator == 1 else None


def _digest(text: str) -> int:
    return int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest())


@lru_cache
def _root_of_minus_one(prime: int) -> int:
    base = 2
    while pow(base, (prime - 1) // 2, prime) == 1:
        base += 1
    return pow(base, (prime - 1) // 4, prime)
