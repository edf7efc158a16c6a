r"""The symbolic checker: math-verify in a process of its own, asked about two single values at a time.

Only its LaTeX parser is used: its parser for plain expressions ends in SymPy's ``parse_expr``, which evaluates text.
Its removal of units is off: it would read ``3m`` as 3. What it decides is checked again where it is known to be too
lenient: numbers that agree only because both are tiny, and values in different variables. It runs without its own
time-outs; the parent kills on time.
"""

import logging
from collections.abc import Callable
from functools import lru_cache

from rft.types import JSON
from rft.verifiers.serve import serve

RELATIVE = 1e-6
"""Largest relative difference of a number and its decimal approximation."""
EXACT_RELATIVE = 1e-25
"""Largest relative difference of two numbers that are both given exactly; 40 digits are computed."""
_DIGITS = 40


def make() -> Callable[[JSON], JSON]:
    """Imports math-verify, warms its parser up, and returns the function that answers questions.

    A question is ``{"gold": text, "answer": text, "within": number}``; with ``within`` above 0 it asks whether two
    numbers are less than that apart, else whether the values are equal. The answer is ``{"equal": bool}``, with
    ``"unread": "gold"`` or ``"answer"`` when a text could not be parsed, and ``"failed": True`` whenever it is not
    equal.
    """
    from latex2sympy2_extended import NormalizationConfig
    from math_verify import LatexExtractionConfig, verify
    from math_verify import parse as parse_latex

    logging.disable(logging.CRITICAL)  # it warns on every failure, and failures are data here

    as_written = NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
    )
    latex = LatexExtractionConfig(boxed_match_priority=-1, normalization_config=as_written)

    @lru_cache(maxsize=256)
    def parse(text: str) -> list[object]:
        found: list[object] = parse_latex(
            f"${text}$",
            [latex],
            fallback_mode="no_fallback",
            extraction_mode="first_match",
            parsing_timeout=None,
        )
        return found

    def answer(question: JSON) -> JSON:
        gold, candidate = parse(question["gold"]), parse(question["answer"])
        if not gold or not candidate:
            return {"equal": False, "unread": "answer" if gold else "gold", "failed": True}
        if question["within"]:
            near = close(gold[0], candidate[0], question["within"])
            return {"equal": near, "failed": not near}
        equal = verify(gold, candidate, timeout_seconds=None) and plausible(gold[0], candidate[0])
        return {"equal": equal, "failed": not equal}

    verify(parse(r"\frac{\sqrt{2}}{2}"), parse("x^{2}+1"), timeout_seconds=None)
    return answer


def close(left: object, right: object, within: float) -> bool:
    """Whether two values are real numbers less than ``within`` apart."""
    from sympy import Expr

    if not (isinstance(left, Expr) and isinstance(right, Expr)):
        return False
    difference = (left - right).evalf(_DIGITS)
    return bool(difference.is_real and difference.is_number and abs(difference) < within)


def plausible(gold: object, answer: object) -> bool:
    """Whether two values that math-verify calls equal may be so: the same variables, or nearly the same number."""
    from sympy import Basic, Expr, Float

    if not (isinstance(gold, Basic) and isinstance(answer, Basic)):
        return True
    if gold.free_symbols != answer.free_symbols:
        return False
    if not (isinstance(gold, Expr) and isinstance(answer, Expr)) or gold.free_symbols:
        return True
    left, right = gold.evalf(_DIGITS), answer.evalf(_DIGITS)
    if left == right:
        return True
    if not (left.is_number and right.is_number and left.is_finite and right.is_finite):
        return False
    allowed = RELATIVE if gold.has(Float) or answer.has(Float) else EXACT_RELATIVE
    return bool(abs(left - right) <= allowed * max(abs(left), abs(right)))


if __name__ == "__main__":
    serve(make)
