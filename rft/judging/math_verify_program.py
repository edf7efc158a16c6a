r"""The second opinion of ``rft cross``: math-verify in a process of its own, asked about whole completions.

It is used as its authors recommend: reference and completion are parsed with the box first, then other LaTeX, then
plain expressions; a bare reference stands between ``$``. It runs without its own time-outs; the parent kills on time.

One thing is changed, since text of a model is never evaluated here. Plain expressions such as ``3/4`` go to SymPy's
``parse_expr``, and so does every number, also one in LaTeX (``Number(text)`` sympifies its text); it ends in ``eval``.
``arithmetic`` below stands in its place and builds the same values, from numbers and operators only. Should a library
ask for more, that question fails, since a refusal that math-verify swallowed would look like a "no".
"""

import ast
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

from rft.processes.worker_main import serve
from rft.types import JSON

Parsed = list[Any]
"""What math-verify makes of a text: SymPy values and, last, the text that it took; empty if it found no answer."""
MAX_SHOWN = 500
"""Characters of a parsed answer that are told."""
_DELIMITED = re.compile(r"(?<!\\)(?:\$|\\[(\[])|\\boxed")
r"""Mathematics that is marked as such: not the sign of ``\$40``, nor the row's end in ``\\[2pt]``."""


class EvaluationRefusedError(BaseException):
    """Text would have had to be evaluated. Not an ``Exception``: math-verify catches those and calls them a "no"."""


def make() -> Callable[[JSON], JSON]:
    """Imports math-verify, warms its parser up, and returns the function that answers questions.

    A question is ``{"references": [text, ...], "completion": text}``; any reference may match. The answer is
    ``{"equal": bool, "parsed": text, "error": text or None}``: what was read in the completion, and what went wrong if
    it could not be compared; ``"failed": True`` comes with every answer that is not equal.
    """
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, verify
    from math_verify import parse as parse_text

    logging.disable(logging.CRITICAL)  # it warns on every failure, and failures are data here
    forbid_evaluation()
    targets = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]

    def parse(text: str) -> Parsed:
        found: Parsed = parse_text(text, targets, parsing_timeout=None, raise_on_error=True)
        return found

    @lru_cache(maxsize=256)
    def gold(reference: str) -> Parsed:
        return parse(reference if _DELIMITED.search(reference) else f"${reference}$")

    def equal(reference: Parsed, answer: Parsed) -> bool:
        """Tells a failure from a no: as a rule math-verify calls both False."""
        try:
            return bool(verify(reference, answer, timeout_seconds=None, raise_on_error=True))
        except Exception:
            if verify(reference, answer, timeout_seconds=None):
                return True
            raise

    def judged(question: JSON) -> JSON:
        answer = parse(question["completion"])
        error = None
        for reference in map(gold, question["references"]):
            if not reference:
                error = "the reference could not be parsed"
            elif equal(reference, answer):
                return {"equal": True, "parsed": shown(answer), "error": None}
        return {"equal": False, "parsed": shown(answer), "error": error, "failed": True}

    def answer(question: JSON) -> JSON:
        try:
            return judged(question)
        except MemoryError:
            raise
        except (Exception, EvaluationRefusedError) as error:  # whatever is raised is its result, in a row of its own
            return {
                "equal": False,
                "parsed": "",
                "error": f"{type(error).__name__}: {error}"[:MAX_SHOWN],
                "failed": True,
            }

    answer({"references": [r"\frac{\sqrt{2}}{2}"], "completion": r"\boxed{x^{2}+1}"})
    return answer


def forbid_evaluation() -> None:
    """Puts ``arithmetic`` in the place of the parser that evaluates, and a refusal in that of SymPy's ``eval``.

    Raises:
        RuntimeError: this version of math-verify or SymPy has its parser elsewhere, so that it cannot be replaced.
    """
    import sympy.physics.units  # noqa: F401  simplify loads it late, and loading it evaluates names of units
    from math_verify import parser
    from sympy.parsing import sympy_parser

    places = ((parser, "parse_expr", arithmetic), (sympy_parser, "parse_expr", _sympified))
    for module, name, instead in (*places, (sympy_parser, "eval_expr", _refuse)):
        if not hasattr(module, name):
            raise RuntimeError(f"{module.__name__} has no {name}; this version cannot be kept from evaluating text")
        setattr(module, name, instead)


def _sympified(text: str, **_: object) -> Any:
    try:
        return arithmetic(text)
    except SyntaxError:
        return _refuse(text)


def _refuse(text: object, *_: object, **__: object) -> NoReturn:
    raise EvaluationRefusedError(f"text is never evaluated here: {str(text)[:80]!r}")


def arithmetic(text: str, **_: object) -> Any:
    """Returns the value of a plain expression of numbers and ``+ - * / // **``, not carried out (except for ``//``).

    Args:
        text: what was taken for an expression; it is taken apart, never run.

    Raises:
        SyntaxError: it holds anything but numbers, these operators and brackets, or is not an expression.
    """
    text = text.strip()
    try:
        return _built(ast.parse(text, mode="eval").body, text)
    except ValueError as error:
        raise SyntaxError(str(error)) from error


def _built(node: ast.expr, text: str) -> Any:
    from sympy import Add, Float, Integer, Mul, Pow

    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return Integer(number)
        case ast.Constant(value=float()):
            return Float(ast.get_source_segment(text, node))
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _built(inner, text)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            value = _built(inner, text)
            return -value if value.is_Number else Mul(-1, value, evaluate=False)
        case ast.BinOp(left=before, op=operator, right=after):
            left, right = _built(before, text), _built(after, text)
        case _:
            raise SyntaxError(f"{type(node).__name__} is not plain arithmetic")
    match operator:
        case ast.Add():
            return Add(left, right, evaluate=False)
        case ast.Sub():
            return Add(left, Mul(-1, right, evaluate=False), evaluate=False)
        case ast.Mult():
            return Mul(left, right, evaluate=False)
        case ast.Div():
            return Mul(left, Pow(right, -1, evaluate=False), evaluate=False)
        case ast.FloorDiv():
            return left // right
        case ast.Pow():
            return Pow(left, right, evaluate=False)
        case _:
            raise SyntaxError(f"{type(operator).__name__} is not plain arithmetic")


def shown(found: Parsed) -> str:
    """Returns what was read as text, without carrying out or sorting anything."""
    from sympy import sstr

    if not found:
        return ""
    try:
        return str(sstr(found[0], order="none"))[:MAX_SHOWN]
    except (ValueError, RecursionError):  # too many digits, or too deep
        return next((text for text in found if isinstance(text, str)), "")[:MAX_SHOWN]


if __name__ == "__main__":
    serve(make)
