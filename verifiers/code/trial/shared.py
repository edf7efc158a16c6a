"""Where a sandbox has no second process for tests: the candidate's own process has to do.

Call cases stay honest: a driver in the candidate's process reads the arguments, writes down what the calls returned,
and the values are compared here; that process never holds an expected value, so there is nothing to forge. A test
program has to run beside the candidate, which can reach all that decides. What it says is believed when it prints a
one-time word and the number of checks, and its verdict has low trust.
"""

import ast
import json
import secrets
from importlib import resources

from rft.errors import InputError
from rft.sandboxes.inside.exam.compare import ExamRules
from rft.sandboxes.inside.exam.wire.plain import decode
from rft.sandboxes.whole import completed, whole_program
from rft.types import JSON, Outcome, Program, Reason, Sandbox, Trust
from rft.verifiers.code.reference.read import Reference
from rft.verifiers.code.trial.driver import FAILED, MISSING, UNREADABLE
from rft.verifiers.code.trial.rulings import Ruling, of_execution, unjudged, wrong
from rft.verifiers.code.trial.terms import Attempt, Terms, Usage

_WHY = {
    MISSING: (Reason.MISSING_ENTRY_POINT, "the entry point is not defined"),
    UNREADABLE: (Reason.COMPILE_ERROR, ""),
    FAILED: (Reason.WRONG_ANSWER, ""),
}


def attempt(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    """Runs a program together with what tests it.

    Raises:
        SandboxError: the sandbox failed.
        InputError: the language has no driver, or the sandbox does not know it.
    """
    if reference.language != "python" and reference.program is not None:
        return _beside(sandbox, reference, source, terms, usage)
    if reference.language != "python":
        raise InputError(f"call cases in {reference.language} need a sandbox with a second process for them")
    if reference.form == "calls":
        return _calls(sandbox, reference, source, terms, usage)
    return _tests(sandbox, reference, source, terms, usage)


def _calls(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    try:
        wanted = [decode(call.expected) for call in reference.calls]
    except ValueError as error:
        return Attempt(unjudged(Reason.BAD_REFERENCE, f"an expected value is none: {error}"), usage)
    calls = [{"args": call.args, "kwargs": call.kwargs} for call in reference.calls]
    told = {"entry_point": reference.entry_point, "in_place": reference.in_place, "calls": calls}
    found = sandbox.run(Program(_driver("calls", source=source), stdin=json.dumps(told)), terms.limits)
    usage.add(found)
    rules, seen = ExamRules(reference.tolerance, reference.ordered), _values(found.stdout)
    for number, (value, expected) in enumerate(zip(seen, wanted, strict=False), 1):
        if not rules.equal(value, expected):
            said = f"check {number} failed: returned {value!r:.100}, expected {expected!r:.100}"
            return Attempt(wrong(Reason.WRONG_ANSWER, said), usage, number)
    failed = _explained(of_execution(found, terms.limits.cpu_s), found.exit_code)
    if failed is None and len(seen) < len(calls):
        failed = wrong(Reason.RUNTIME_ERROR, f"it ended after {len(seen)} of {len(calls)} calls")
    return Attempt(failed or Ruling(Outcome.CORRECT, detail=f"checks={len(calls)}"), usage, min(len(seen), len(calls)))


def _tests(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    word = secrets.token_hex(16)
    tests = counted(f"{reference.setup}\n{reference.program}")
    program = _driver("tests", source=source, program=tests, entry_point=reference.entry_point, word=word)
    found = sandbox.run(Program(program), terms.limits)
    usage.add(found)
    said = [line.split() for line in found.stdout.splitlines()[-1:]]
    if not said or len(said[0]) != 2 or said[0][0] != word or not said[0][1].isdecimal():
        failed = _explained(of_execution(found, terms.limits.cpu_s), found.exit_code)
        return Attempt(failed or wrong(Reason.RUNTIME_ERROR, "it ended before its tests did"), usage)
    checks = int(said[0][1][:9])
    if checks < 1 or terms.checks not in (None, checks):
        return Attempt(wrong(Reason.WRONG_ANSWER, f"the tests ended after {checks} checks"), usage, checks)
    return Attempt(Ruling(Outcome.CORRECT, detail=f"checks={checks}", trust=Trust.LOW), usage, checks)


def _beside(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    """Tests in the candidate's own compiled language; that they ran to their end counts as one check."""
    nonce = secrets.token_hex(16)
    try:
        program = whole_program(reference.language, source, reference.program or "", nonce)
    except InputError as error:
        return Attempt(unjudged(Reason.BAD_REFERENCE, str(error)), usage)
    found = sandbox.run(Program(program, reference.language), terms.limits)
    usage.add(found)
    failed = of_execution(found, terms.limits.cpu_s)
    if failed or not completed(found.stdout, nonce):
        return Attempt(failed or wrong(Reason.RUNTIME_ERROR, "it ended before its tests did"), usage)
    return Attempt(Ruling(Outcome.CORRECT, detail="checks=1", trust=Trust.LOW), usage, 1)


def counted(tests: str) -> str:
    """Returns a test program that calls ``_rft_count()`` before each of its assert statements; as it is, if no Python.

    >>> print(counted("assert f(1)"))
    _rft_count()
    assert f(1)
    """
    try:
        program = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError):
        return tests
    return ast.unparse(ast.fix_missing_locations(_Counting().visit(program)))


class _Counting(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        call = ast.Call(ast.Name("_rft_count", ast.Load()), [], [])
        return [ast.Expr(call), node]


def _explained(failed: Ruling | None, exit_code: int | None) -> Ruling | None:
    """A ruling with the reason that a driver's exit status tells."""
    if failed is None or exit_code not in _WHY:
        return failed
    reason, detail = _WHY[exit_code]
    return wrong(reason, detail or failed.detail)


def _values(stdout: str) -> list[JSON]:
    """The values that the driver wrote, as far as they can be read; whoever wrote them."""
    values = []
    for line in stdout.splitlines():
        try:
            values.append(decode(json.loads(line)))
        except (ValueError, RecursionError):
            break
    return values


def _driver(function: str, **told: str | None) -> str:
    """The driver's text with a last line that calls one of its functions."""
    text = resources.files("rft.verifiers.code.trial").joinpath("driver.py").read_text("utf-8")
    given = ", ".join(f"{name}={value!r}" for name, value in told.items())
    return f"{text}\n\n{function}({given})\n"
