r"""Rational expressions over a random prime field: equal ones have equal values, others almost never do.

An identity of polynomials or rational functions is decided exactly but for a chance of about degree / 2^127 (Schwartz,
"Fast probabilistic algorithms for verification of polynomial identities", JACM 1980; Zippel, EUROSAM 1979). Numbers
never grow, so that ``10^{10^{10}}`` against itself plus one costs microseconds. The points depend on both texts: nobody
can choose an answer after the points.
"""

from fractions import Fraction
from hashlib import sha256

from rft.verifiers.math.tree import Node

PRIME = (1 << 127) - 39
"""A prime that leaves 1 when divided by 4, so that -1 has a square root, which stands for i."""
MAX_EXPONENT_BITS = 4_096
MAX_FACTORIAL = 20_000


class NotRationalError(Exception):
    """The expression is no rational function, or it has no value at the point (a division by zero)."""


def value(node: Node, seed: str) -> int:
    """Returns the value of a rational expression in the field of ``PRIME`` elements, variables chosen by ``seed``.

    Raises:
        NotRationalError: it holds anything but numbers, variables, i, ``+ * / ^`` with whole exponents, and
            factorials and binomials of moderate whole numbers.
    """
    match node.head:
        case "number":
            return _fraction(node.value)
        case "symbol":
            return int.from_bytes(sha256(f"{seed} {node.name}".encode()).digest()) % PRIME
        case "constant" if node.name == "i":
            return _I
        case "neg":
            return -value(node.arguments[0], seed) % PRIME
        case "+":
            return sum(value(part, seed) for part in node.arguments) % PRIME
        case "*":
            product = 1
            for part in node.arguments:
                product = product * value(part, seed) % PRIME
            return product
        case "/":
            top, bottom = (value(part, seed) for part in node.arguments)
            return top * _inverse(bottom) % PRIME
        case "^":
            return _power(node, seed)
        case "!":
            return _falling(whole(node.arguments[0]), None)
        case "binom":
            n, k = map(whole, node.arguments)
            return _falling(n, k) * _inverse(_falling(k, None)) % PRIME
    raise NotRationalError(node.head)


def _power(node: Node, seed: str) -> int:
    base, exponent = value(node.arguments[0], seed), whole(node.arguments[1])
    if exponent is None or (base == 0 and exponent <= 0):
        raise NotRationalError("an exponent that is no whole number")
    return pow(_inverse(base) if exponent < 0 else base, abs(exponent), PRIME)


def _falling(n: int | None, k: int | None) -> int:
    """n (n - 1) ... of k factors; n! where k is None."""
    k = n if k is None else k
    if n is None or k is None or not (0 <= n <= MAX_FACTORIAL and 0 <= k <= MAX_FACTORIAL):
        raise NotRationalError("a factorial of no moderate whole number")
    found = 1
    for factor in range(n - k + 1, n + 1):
        found = found * factor % PRIME
    return found


def whole(node: Node) -> int | None:
    """Returns the exact value of closed whole-number arithmetic of moderate size, else None."""
    parts = [whole(part) for part in node.arguments]
    numbers = [part for part in parts if part is not None]
    if len(numbers) < len(parts):
        return None
    match node.head:
        case "number" if node.value.denominator == 1:
            found = node.value.numerator
        case "neg":
            found = -numbers[0]
        case "+":
            found = sum(numbers)
        case "*" if sum(map(int.bit_length, numbers)) <= MAX_EXPONENT_BITS:
            found = 1
            for part in numbers:
                found *= part
        case "^" if numbers[1] >= 0 and numbers[0].bit_length() * numbers[1] <= MAX_EXPONENT_BITS:
            found = numbers[0] ** numbers[1]
        case _:
            return None
    return found if found.bit_length() <= MAX_EXPONENT_BITS else None


def _fraction(number: Fraction) -> int:
    return number.numerator * _inverse(number.denominator) % PRIME


def _inverse(number: int) -> int:
    if number % PRIME == 0:
        raise NotRationalError("a division by zero")
    return pow(number, -1, PRIME)


def _root_of_minus_one() -> int:
    base = 2
    while pow(base, (PRIME - 1) // 2, PRIME) == 1:
        base += 1
    return pow(base, (PRIME - 1) // 4, PRIME)


_I = _root_of_minus_one()
