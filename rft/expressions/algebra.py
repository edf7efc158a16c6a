r"""Decides whether two expressions, equations or inequalities mean the same. Pure, bounded, symmetric.

Rational expressions are decided exactly over a prime field (``modular``). Everything else is compared by value at
several points, first with 40 digits, which nearly always tells two different ones apart, then with 120 and more: what
still agrees is equal. Nothing is rounded to a fixed place, which makes tiny values equal (Math-Verify issue 14).
Equations are the same when one is the other times a constant, inequalities when that is positive.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise

from rft.expressions import modular
from rft.expressions.tree import Node, heads, numbers, symbols
from rft.expressions.value import GAMMA_DIGITS, Calculator, Number, TooLargeError, UndefinedError, calculator

FEW_DIGITS, MANY_DIGITS = 40, 120
MAX_DIGITS = 600
"""Digits of the second look at most; values of many orders of magnitude need more than ``MANY_DIGITS``."""
LOG10_2 = 0.30103
WANTED = 4
"""Places at which both must have a value, where there are variables."""
MAX_SCALE = 10_000
"""Numbers in an expression up to which places beyond them are tried."""
STEPS = frozenset({"floor", "ceil", "sgn"})
"""Functions with steps: whole numbers are tried too, since ceil(x) is floor(x) + 1 everywhere else."""
STEP_POINTS, STEP_CONSTANTS = 12, 6
"""Whole numbers that are tried in a row, and numbers of the expressions whose multiples are tried."""

Value = Callable[[Calculator], Number]
"""One of two values to be compared, with the digits of a calculator."""
Values = tuple[Value, Value]
Point = dict[str, Fraction]


class UndecidedError(Exception):
    """Equality could not be decided within the bounds."""


class OneUndefinedError(Exception):
    """One of two values is defined, the other is not."""


@dataclass(frozen=True, slots=True)
class Relation:
    """``left sign right``, read."""

    left: Node
    sign: str
    r"""One of ``=``, ``<``, ``\le``, ``\ne``; greater-than is turned round."""
    right: Node

    @property
    def difference(self) -> Node:
        """Left minus right."""
        return Node("+", (self.left, Node("neg", (self.right,))))


def same_expression(left: Node, right: Node) -> bool:
    """Returns whether two expressions are equal as functions of the same variables.

    Raises:
        UndecidedError: the values are beyond the bounds of what is computed, or defined nowhere that was tried.
    """
    if left == right:
        return True
    if symbols(left) != symbols(right):
        return False
    seed = _seed(left, right)
    try:
        return modular.equal(left, right, seed)
    except modular.NotRationalError:
        looks = [_at(left, right, point) for point in _points(left, right, seed)]
        return any(_agree(looks, log_base) for log_base in _log_bases(left, right))


def same_relation(left: Relation, right: Relation) -> bool:
    """Returns whether two equations or inequalities differ by a constant factor only.

    Raises:
        UndecidedError: see ``same_expression``.
    """
    f, g = left.difference, right.difference
    if left.sign != right.sign or symbols(f) != symbols(g):
        return False
    seed = _seed(f, g)
    positive = left.sign not in ("<", r"\le") or _positive_ratio(f, g, seed)
    return positive and _proportional(f, g, seed)


def real_value(node: Node) -> Number | None:
    """Returns the value of a closed real expression with 40 digits, else None."""
    if symbols(node):
        return None
    calculate = calculator(FEW_DIGITS)
    try:
        value = calculate.value(node, {})
    except (TooLargeError, UndefinedError):
        return None
    return None if calculate.mp.im(value) else calculate.mp.re(value)


def _proportional(f: Node, g: Node, seed: str) -> bool:
    """Whether f(x) g(y) = f(y) g(x) for independent x and y, with neither of them always zero."""
    try:
        return modular.proportional(f, g, seed)
    except modular.NotRationalError:
        points = _points(f, g, seed)

    def crossed(x: Point, y: Point) -> Values:
        return lambda c: c.value(f, x) * c.value(g, y), lambda c: c.value(f, y) * c.value(g, x)

    looks = [crossed(x, y) for x, y in pairwise(points)]
    known = not _vanishes(f, points) and not _vanishes(g, points)
    return known and any(_agree(looks, log_base) for log_base in _log_bases(f, g))


def _vanishes(node: Node, points: list[Point]) -> bool:
    """Whether an expression is zero wherever it was tried."""
    calculate = calculator(FEW_DIGITS)
    for point in points:
        calculate.up = 0.0
        try:
            value = abs(calculate.value(node, point))
        except (TooLargeError, UndefinedError):
            continue
        if value > calculate.mp.mpf(10) ** (calculate.up * LOG10_2 + 10 - FEW_DIGITS):
            return False
    return True


def _positive_ratio(f: Node, g: Node, seed: str) -> bool:
    """Whether f / g is positive wherever it was tried and has a value."""
    calculate, n_seen = calculator(FEW_DIGITS), 0
    for point in _points(f, g, seed):
        try:
            ratio = calculate.value(f, point) / calculate.value(g, point)
        except (TooLargeError, UndefinedError, ZeroDivisionError):
            continue
        if calculate.mp.re(ratio) <= 0:
            return False
        n_seen += 1
    return n_seen > 0


def _at(left: Node, right: Node, point: Point) -> Values:
    return lambda c: c.value(left, point), lambda c: c.value(right, point)


def _agree(looks: list[Values], log_base: int | None) -> bool:
    """Whether the two values agree wherever both are defined, which must be so at enough places."""
    n_seen = n_apart = 0
    undecided = "it has no value at the places that were tried"
    for values in looks:
        try:
            equal = _equal(values, log_base)
        except UndefinedError:
            continue
        except OneUndefinedError:
            n_apart += 1
            continue
        except UndecidedError as error:
            undecided = str(error)
            continue
        if not equal:
            return False
        n_seen += 1
    if n_seen and n_seen >= min(WANTED, len(looks) - 1):
        return True
    if n_apart > n_seen:
        return False
    raise UndecidedError(undecided)


@dataclass(frozen=True, slots=True)
class _Look:
    """A value as it was computed, and how far apart in size what it was computed from lies."""

    value: Number
    up: int
    """Decimal orders of magnitude of the largest intermediate value above 1."""
    down: int
    """The same of the smallest below 1."""

    @property
    def digits(self) -> int:
        """Digits with which it is exact to about ``MANY_DIGITS`` behind its smallest intermediate value."""
        return MANY_DIGITS + 2 * (self.up + self.down)


def _equal(values: Values, log_base: int | None) -> bool:
    """Whether two values are equal: the first look tells nearly all different ones apart."""
    calculate = calculator(FEW_DIGITS, log_base)
    left, right = _both(values, calculate)
    if left is None or right is None:
        return False
    ten = calculate.mp.mpf(10)
    apart, size = abs(left.value - right.value), max(abs(left.value), abs(right.value))
    if apart > size * ten**-12 and apart > ten ** (max(left.up, right.up) + 10 - FEW_DIGITS):
        return False
    if (left.digits > MAX_DIGITS) != (right.digits > MAX_DIGITS):
        return False  # an ordinary value, and one made of numbers of hundreds of digits
    digits = max(left.digits, right.digits)
    if digits > MAX_DIGITS:
        raise UndecidedError(f"it takes more than {MAX_DIGITS} digits to tell")
    calculate = calculator(-(-digits // 20) * 20, log_base)
    left, right = _both(values, calculate)
    if left is None or right is None:
        return False
    exact = min(digits, GAMMA_DIGITS) if calculate.used_gamma else digits
    return bool(abs(left.value - right.value) <= ten ** (max(left.up, right.up) + 12 - exact))


def _both(values: Values, calculate: Calculator) -> tuple[_Look | None, _Look | None]:
    """The two values; None for one that is beyond the bounds when the other is not: the two differ."""
    found: list[_Look | None] = []
    faults: list[Exception] = []
    for value in values:
        calculate.up = calculate.down = 0.0
        try:
            number = value(calculate)
            found.append(_Look(number, int(calculate.up * LOG10_2), int(calculate.down * LOG10_2)))
        except (TooLargeError, UndefinedError) as error:
            found.append(None)
            faults.append(error)
    if len(faults) == 2:
        if all(isinstance(fault, TooLargeError) for fault in faults):
            raise UndecidedError(f"both hold {faults[0]}")
        raise UndefinedError(str(faults[0]))
    if faults and isinstance(faults[0], UndefinedError):
        raise OneUndefinedError
    return found[0], found[1]


def _log_bases(left: Node, right: Node) -> tuple[int | None, ...]:
    """A logarithm without a base may be natural or decimal; both sides must mean the same one."""
    return (None, 10) if _bare_log(left) or _bare_log(right) else (None,)


def _bare_log(node: Node) -> bool:
    if node.head == "log" and len(node.arguments) == 1:
        return True
    return "log" in heads(node) and any(map(_bare_log, node.arguments))


def _points(left: Node, right: Node, seed: str) -> list[Point]:
    """Places to try: of all signs, small and beyond every number in the expressions; whole ones where there are steps.

    An identity that holds only on one side of some number (``|x - 3|`` is ``3 - x`` up to 3) is caught beyond it.
    """
    names = sorted(symbols(left) | symbols(right))
    if not names:
        return [{}]
    constants = sorted({abs(value) for node in (left, right) for value in numbers(node) if 0 < abs(value) <= MAX_SCALE})
    points = []
    for number, (scale, signs) in enumerate(_scales(constants)):
        point = {}
        for place, name in enumerate(names):
            size = scale * (Fraction(3, 10) + Fraction(_digest(f"{seed} {name} {number}") % (1 << 32), 1 << 32) * 2)
            negative = signs[place % 2] if len(names) < 3 or number < 4 else _digest(f"{seed} {name} s{number}") % 2
            point[name] = -size if negative else size
        points.append(point)
    if STEPS & (heads(left) | heads(right)):
        whole = [Fraction(n) for n in range(STEP_POINTS)]
        whole += [factor * value for value in constants[:STEP_CONSTANTS] for factor in (1, 2, 3)]
        points += [{name: value + 5 * place for place, name in enumerate(names)} for value in whole]
    return points


def _scales(constants: list[Fraction]) -> Iterator[tuple[Fraction, tuple[int, int]]]:
    """Sizes of the places to try, and whether variables in odd and even places are negative there."""
    one = Fraction(1)
    below, beyond = (constants[0] / 4, 4 * constants[-1] + 1) if constants else (one / 4, 4 * one)
    for scale in (one, 4 * one, beyond):
        for signs in ((0, 0), (1, 1), (0, 1), (1, 0)):
            yield scale, signs
    for low, high in pairwise([Fraction(0), *constants[:STEP_CONSTANTS]]):
        yield (low + high) / 2 * Fraction(10, 13), (0, 0)
        yield (low + high) / 2 * Fraction(10, 13), (1, 1)
    yield below, (0, 0)
    yield below, (1, 1)


def _digest(text: str) -> int:
    return int.from_bytes(sha256(text.encode(errors="surrogatepass")).digest()[:8])


def _seed(left: Node, right: Node) -> str:
    return " ".join(sorted(map(repr, (left, right))))
