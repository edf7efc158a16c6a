r"""The numerical value of an expression, to any number of digits, in bounded time and memory.

Every intermediate value is a floating-point number of ``mpmath`` whose precision is fixed and whose magnitude is
bounded before it is computed: a tower of powers ends here in microseconds (SymPy would hang or fill the memory:
Math-Verify issues 59, 63 and 65). School conventions hold: an odd root of a
negative number is real, and so is a power with an odd denominator (``(-8)^{1/3}`` is -2).
"""

import threading
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from rft.expressions.exact import exact
from rft.expressions.tree import Node, heads

MAX_LOG2 = 1 << 40
"""Binary logarithm of the largest magnitude that is computed with, and of the smallest."""
MAX_EXPONENTIAL = 1 << 39
"""Largest argument of an exponential or hyperbolic function."""
MAX_FACTORIAL = 10**9
GAMMA_DIGITS = 200
"""Digits of a factorial at most: the gamma function is slow with many."""
MAX_ANGLE = 1 << 200
"""Largest argument of a trigonometric function."""

Number = Any
"""A real or complex number of mpmath, which has no annotations."""


class TooLargeError(Exception):
    """A value is beyond the bounds, or next to nothing."""


class UndefinedError(Exception):
    """The expression has no value there: a division by zero, the logarithm of zero, infinity."""


class Calculator:
    """Evaluates expressions with a fixed number of decimal digits. Not for several threads at once: see ``of``."""

    def __init__(self, digits: int, log_base: int | None = None) -> None:
        """Makes a calculator.

        Args:
            digits: decimal digits of every value.
            log_base: base of a logarithm written without one; None for e.
        """
        import mpmath

        self.mp = mpmath.MPContext()
        self.mp.dps = digits
        self.log_base = log_base
        self.up: float = 0.0
        """Binary logarithm of the largest intermediate value so far."""
        self.used_gamma = False
        """Whether a value is known to ``GAMMA_DIGITS`` digits only."""
        self.down: float = 0.0
        """The same, negative, of the smallest one."""

    def value(self, node: Node, at: Mapping[str, Fraction]) -> Number:
        """Returns the value of an expression where its variables have the values ``at``.

        Raises:
            TooLargeError: a value on the way is beyond the bounds.
            UndefinedError: there is no value.
        """
        try:
            return self._value(node, at)
        except (ZeroDivisionError, ValueError) as error:  # mpmath: poles, the logarithm of zero
            raise UndefinedError(str(error)) from error
        except OverflowError as error:
            raise TooLargeError(str(error)) from error

    def _value(self, node: Node, at: Mapping[str, Fraction]) -> Number:
        match node.head:
            case "number":
                return self._checked(self._fraction(node.value))
            case "symbol":
                return self._fraction(at[node.name])
            case "constant":
                return self._constant(node.name)
            case "+":
                return self._checked(self.mp.fsum(self._value(part, at) for part in node.arguments))
            case "*":
                product = self.mp.mpf(1)
                for part in node.arguments:
                    product = self._checked(product * self._value(part, at))
                return product
            case "^":
                return self._checked(self._power(node, at))
            case "root":
                return self._checked(self._root(node, at))
        values = [self._value(part, at) for part in node.arguments]
        return self._checked(self._applied(node.head, values))

    def _applied(self, head: str, values: list[Number]) -> Number:
        mp, x = self.mp, values[0]
        match head:
            case "/":
                return x / values[1]
            case "neg":
                return -x
            case "abs":
                return abs(x)
            case "floor" | "ceil" | "sgn":
                return getattr(mp, _MPMATH_NAMES.get(head, head))(self._real(x))
            case "degree":
                return x * mp.pi / 180
            case "!":
                return self._factorial(x)
            case "binom":
                return self._factorial(x) / (self._factorial(values[1]) * self._factorial(x - values[1]))
            case "ln":
                return self._log(x)
            case "log":
                base = values[1] if len(values) > 1 else self.log_base
                return self._log(x) if base is None else self._log(x) / self._log(mp.convert(base))
        if head.removeprefix("arc") in _HYPERBOLIC and not head.startswith("arc"):
            self._small(x, MAX_EXPONENTIAL)
            self.down = max(self.down, 3 * abs(float(mp.re(x))))  # tanh(200) is 1 to 173 digits, and not 1
        else:
            self._small(x, MAX_ANGLE)
        return getattr(mp, _MPMATH_NAMES.get(head, head))(x)

    def _power(self, node: Node, at: Mapping[str, Fraction]) -> Number:
        mp, (base_node, exponent_node) = self.mp, node.arguments
        base, exponent = self._value(base_node, at), self._value(exponent_node, at)
        if not base:
            if mp.re(exponent) > 0:
                return mp.mpf(0)
            raise UndefinedError("a power of zero")
        size = abs(exponent) * abs(mp.log(base, 2))
        if size > MAX_LOG2:
            raise TooLargeError("a power beyond the bounds")
        ratio = _rational(exponent_node)
        if ratio is not None and ratio.denominator > 1 and not mp.im(base) and base < 0 and ratio.denominator % 2:
            sign = -1 if ratio.numerator % 2 else 1
            return sign * mp.power(-base, exponent)
        return mp.power(base, int(exponent) if ratio is not None and ratio.denominator == 1 else exponent)

    def _root(self, node: Node, at: Mapping[str, Fraction]) -> Number:
        mp, (radicand_node, degree_node) = self.mp, node.arguments
        radicand, degree = self._value(radicand_node, at), self._value(degree_node, at)
        if not degree:
            raise UndefinedError("a root of degree zero")
        ratio = _rational(degree_node)
        if ratio == 2:
            return mp.sqrt(radicand)
        if not radicand:
            return mp.mpf(0)
        odd = ratio is not None and ratio.denominator == 1 and ratio.numerator % 2
        if odd and not mp.im(radicand) and radicand < 0:
            return -mp.power(-radicand, 1 / degree)
        return mp.power(radicand, 1 / degree)

    def _factorial(self, x: Number) -> Number:
        mp = self.mp
        if mp.im(x) or abs(x) > MAX_FACTORIAL:
            raise TooLargeError(f"a factorial above {MAX_FACTORIAL}")
        if x == mp.floor(x) and x < 0:
            raise UndefinedError("a factorial of a negative number")
        with mp.workdps(min(mp.dps, GAMMA_DIGITS)):
            self.used_gamma = self.used_gamma or mp.dps == GAMMA_DIGITS
            return mp.factorial(x)

    def _log(self, x: Number) -> Number:
        if not x:
            raise UndefinedError("the logarithm of zero")
        return self.mp.log(x)

    def _real(self, x: Number) -> Number:
        if self.mp.im(x):
            raise UndefinedError("not real")
        return self.mp.re(x)

    def _small(self, x: Number, bound: float) -> None:
        if abs(x) > bound:
            raise TooLargeError("an argument beyond the bounds")

    def _fraction(self, value: Fraction) -> Number:
        return self.mp.mpf(value.numerator) / value.denominator

    def _constant(self, name: str) -> Number:
        if name == "infty":
            raise UndefinedError("infinity")
        return self.mp.mpc(0, 1) if name == "i" else +getattr(self.mp, name)

    def _checked(self, x: Number) -> Number:
        mp = self.mp
        if not mp.isfinite(x):
            raise UndefinedError("not finite")
        if not x:
            return x
        if isinstance(x, mp.mpc) and not x.imag:
            x = x.real
        size = mp.mag(x)
        if abs(size) > MAX_LOG2:
            raise TooLargeError("a value beyond the bounds")
        self.up, self.down = max(self.up, float(size)), max(self.down, -float(size))
        return x


_HYPERBOLIC = frozenset({"sinh", "cosh", "tanh", "coth", "sech", "csch"})
_MPMATH_NAMES = {
    f"arc{name}": f"a{name}"
    for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch")
} | {"sgn": "sign"}
_FRACTION = frozenset({"number", "neg", "/"})
_LOCAL = threading.local()


def calculator(digits: int, log_base: int | None = None) -> Calculator:
    """Returns the calling thread's calculator of so many digits: mpmath's contexts are not for several threads."""
    if not hasattr(_LOCAL, "of"):
        _LOCAL.of = cache(Calculator)
    found: Calculator = _LOCAL.of(digits, log_base)
    found.up = found.down = 0.0
    found.used_gamma = False
    return found


def _rational(node: Node) -> Fraction | None:
    """The exact value of an exponent that is written as a plain number or fraction."""
    return exact(node) if heads(node) <= _FRACTION else None
