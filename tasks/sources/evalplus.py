"""Turns EvalPlus's test programs (HumanEval+ and MBPP+, "OriginFmt") into references that need no numpy.

A program of theirs holds ``inputs``, most often ``results``, and an ``assertion(out, exp, atol)`` that calls
``np.allclose``. Where that is the standard one, the literals become call cases with expected values and a tolerance.
The few others stay test programs, written anew around upstream's own oracle (Liu et al., 2023; evalplus/evalplus,
``evalplus/eval``). The text is parsed, never run: expressions other than literals are refused.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from rft.errors import InputError
from rft.tasks.sources.code import parsed, tagged
from rft.types import JSON

FLOAT_TOLERANCE = 1e-6
"""What ``assertion`` uses for floats when a task names no tolerance of its own."""
LARGEST = 200_000
"""A whole number above this, given to an oracle function, is divided by ten: answers of a million elements cannot cross
from a candidate, and a tenth is just as much too deep for recursion."""
SCAFFOLD = ("assertion", "is_floats", "check")
CHECKS = {
    "function": "assert candidate(*arguments) == ref_func(*arguments)",
    "set": "assert set(candidate(*arguments)) == set(expected)",
    # upstream computes this and forgets to assert it, so that everything passes there
    "presence": "answer = candidate(*arguments)\n"
    "        assert answer == expected if isinstance(answer, bool) else expected == (answer is not None)",
    # upstream unpacks the answer, a float, and takes any negative value of the polynomial
    "root": "assert abs(_poly(*arguments, candidate(*arguments))) <= {tolerance!r}",
}
"""Special oracles: what is asserted for each of INPUTS (and RESULTS, as ``expected``)."""


@dataclass(slots=True)
class EvalPlusParts:
    """What a test program of EvalPlus consists of."""

    inputs: ast.List | None = None
    results: ast.List | None = None
    tolerance: float = 0.0
    helpers: list[str] = field(default_factory=list)
    """Sources of the imports and functions that an oracle needs; numpy is not among them."""
    oracle: str = ""
    """standard, or a key of CHECKS."""


def convert(test: str, where: str, only: Sequence[int] | None = None) -> dict[str, JSON]:
    """Returns the keys of a reference that judge by a test program of EvalPlus: cases, or tests and checks.

    Args:
        test: the program, as upstream publishes it.
        where: for messages.
        only: keep the inputs with these indices.

    Raises:
        InputError: the program has another shape than EvalPlus's.
    """
    tree = parsed(test)
    if tree is None:
        raise InputError(f"{where}: column 'test' is not a Python program")
    parts = _parts(tree)
    if parts.inputs is None or not parts.oracle or (parts.results is None and parts.oracle not in ("function", "root")):
        raise InputError(f"{where}: column 'test' is not one of EvalPlus's programs (inputs, results, assertion)")
    picked = range(len(parts.inputs.elts)) if only is None else only
    if parts.results is not None and len(parts.results.elts) != len(parts.inputs.elts):
        raise InputError(f"{where}: {len(parts.inputs.elts)} inputs stand against {len(parts.results.elts)} results")
    return _cases(parts, picked, where) if parts.oracle == "standard" else _program(parts, picked, where)


def literal(node: ast.expr, where: str) -> object:
    """Returns the value of a literal; besides Python's own, ``inf`` and ``nan`` are known.

    Raises:
        InputError: it holds anything that would have to be run.
    """
    try:
        return ast.literal_eval(_Constants().visit(node))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{where}: inputs and results must be literals: {error}") from error


class _Constants(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in ("inf", "nan") else node


def _parts(tree: ast.Module) -> EvalPlusParts:
    parts = EvalPlusParts()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name="assertion"):
                parts.oracle = parts.oracle or _oracle(ast.unparse(node))
            case ast.FunctionDef(name="check"):
                _read(node.body, parts)
            case ast.FunctionDef(name=name) if name not in SCAFFOLD:
                parts.helpers.append(ast.unparse(node))
                parts.oracle = {"ref_func": "function", "_poly": "root"}.get(name, parts.oracle)
            case ast.Import(names=[ast.alias(name=name)]) if name != "numpy":
                parts.helpers.append(ast.unparse(node))
            case ast.ImportFrom(names=names) if [alias.name for alias in names] != [
                "inf"
            ]:  # below it is imported anyway
                parts.helpers.append(ast.unparse(node))
    _read(tree.body, parts)
    return parts


def _oracle(assertion: str) -> str:
    if "set(out)" in assertion:
        return "set"
    if "out is not None" in assertion:
        return "presence"
    return "standard" if "np.allclose(out, exp" in assertion else ""


def _read(body: Sequence[ast.stmt], parts: EvalPlusParts) -> None:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="inputs")], value=ast.List() as found):
                parts.inputs = found
            case ast.Assign(targets=[ast.Name(id="results")], value=ast.List() as found):
                parts.results = found
            case ast.For(body=[ast.Expr(value=ast.Call(args=[_, _, ast.Constant(value=float() | int() as atol)]))]):
                parts.tolerance = float(atol)
            case ast.For(body=[ast.Assert(test=ast.Compare(comparators=[ast.Constant(value=float() as atol)]))]):
                parts.tolerance = atol


def _cases(parts: EvalPlusParts, picked: Sequence[int], where: str) -> dict[str, JSON]:
    assert parts.inputs is not None and parts.results is not None
    cases: list[JSON] = []
    floats = False
    for index in picked:
        arguments = _arguments(parts.inputs.elts[index], parts.oracle, where)
        expected = literal(parts.results.elts[index], where)
        floats = floats or _is_floats(expected)
        cases.append({"args": [tagged(item, where) for item in arguments], "expected": tagged(expected, where)})
    tolerance = parts.tolerance or (FLOAT_TOLERANCE if floats else None)
    return {"cases": cases} if tolerance is None else {"cases": cases, "tolerance": tolerance}


def _is_floats(value: object) -> bool:
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def _program(parts: EvalPlusParts, picked: Sequence[int], where: str) -> dict[str, JSON]:
    assert parts.inputs is not None
    inputs = [repr(_arguments(parts.inputs.elts[index], parts.oracle, where)) for index in picked]
    lines = [*parts.helpers, "from math import inf, nan"]
    loop = "for arguments in INPUTS:"
    if parts.oracle == "function":
        inputs = list(dict.fromkeys(inputs))  # what was divided by ten may have become equal
    elif parts.results is not None and parts.oracle != "root":
        results = [ast.unparse(parts.results.elts[index]) for index in picked]
        lines.append(f"RESULTS = [{', '.join(results)}]")
        loop = "for arguments, expected in zip(INPUTS, RESULTS):"
    check = CHECKS[parts.oracle].replace("{tolerance!r}", repr(parts.tolerance))
    lines += [f"INPUTS = [{', '.join(inputs)}]", f"def check(candidate):\n    {loop}\n        {check}"]
    return {"tests": "\n\n".join(lines) + "\n", "checks": len(inputs)}


def _arguments(node: ast.expr, oracle: str, where: str) -> list[object]:
    arguments = literal(node, where)
    if not isinstance(arguments, list | tuple):
        raise InputError(f"{where}: an input is {type(arguments).__name__}, not a list of arguments")
    too_large = LARGEST if oracle == "function" else float("inf")
    return [item // 10 if isinstance(item, int) and item > too_large else item for item in arguments]
