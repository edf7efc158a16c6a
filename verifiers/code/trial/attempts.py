"""One program against one reference, in the most honest way that the language and the sandbox allow.

Tests and call cases are examined: a tester in a process of its own puts them to the program, and only plain values
cross. Whole programs get each case's input on stdin; what they write is compared here, or by the task's judge in a
sandbox of its own. Where there is no second process to be had, see ``shared``.
"""

from collections.abc import Callable
from dataclasses import replace

from rft.errors import InputError, SandboxError
from rft.sandboxes.languages import find
from rft.types import Limits, Outcome, Program, Reason, Sandbox, Trust
from rft.verifiers.code.reference.read import Reference, StdinCase
from rft.verifiers.code.trial import judges, shared
from rft.verifiers.code.trial.compare import difference
from rft.verifiers.code.trial.rulings import Ruling, of_examination, of_execution, unjudged, wrong
from rft.verifiers.code.trial.terms import Attempt, Terms, Usage


def attempt(sandbox: Sandbox, reference: Reference, source: str, terms: Terms) -> Attempt:
    """Runs a program once against a reference; what the sandbox fails at, or does not have, is *unjudged*."""
    try:
        found = _form(sandbox, reference)(sandbox, reference, source, terms, Usage())
    except (SandboxError, InputError) as error:  # a language that is not there is no candidate's fault either
        return Attempt(unjudged(Reason.SANDBOX_ERROR, str(error)))
    if reference.trust is Trust.LOW and found.ruling.correct:
        return replace(found, ruling=replace(found.ruling, trust=Trust.LOW))
    return found


def _form(sandbox: Sandbox, reference: Reference) -> Callable[..., Attempt]:
    if reference.form == "stdio":
        return _whole
    if find(reference.language).call_form and sandbox.has_exams:
        return _examined
    return shared.attempt


def _examined(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    exam = reference.exam() | {"language": reference.language}
    found = sandbox.examine(Program(source, reference.language), exam, terms.limits)
    usage.add(found.candidate, found.tester)
    ruling = of_examination(found, terms.checks, terms.limits.cpu_s, terms.proved, terms.plain)
    if reference.trust is Trust.FULL and ruling.correct:  # the task vouches for tests that ask objects
        ruling = replace(ruling, trust=Trust.FULL)
    report = found.report or {"checks": 0, "objects": 0}
    return Attempt(ruling, usage, report["checks"], report["objects"])


def _whole(sandbox: Sandbox, reference: Reference, source: str, terms: Terms, usage: Usage) -> Attempt:
    for number, case in enumerate(reference.stdin_cases):
        if usage.wall_s > terms.budget_s:
            late = f"{number} cases took {usage.wall_s:.1f} s, more than the budget of {terms.budget_s:.1f} s"
            return Attempt(wrong(Reason.TIMEOUT, late), usage, number)
        ruling = _case(sandbox, reference, source, case, terms.limits, usage)
        if not ruling.correct:
            return Attempt(replace(ruling, detail=f"case {number + 1}: {ruling.detail}"), usage, number)
    n_cases = len(reference.stdin_cases)
    return Attempt(Ruling(Outcome.CORRECT, detail=f"checks={n_cases}"), usage, n_cases)


def _case(sandbox: Sandbox, reference: Reference, source: str, case: StdinCase, limits: Limits, usage: Usage) -> Ruling:
    found = sandbox.run(Program(source, reference.language, case.stdin), limits)
    usage.add(found)
    failed = of_execution(found, limits.cpu_s)
    if failed:
        return failed
    if reference.judge:
        return judges.ask(sandbox, reference.judge, case.stdin, found.stdout, case.stdout)
    differs = difference(found.stdout, case.stdout or "", reference.tokens, reference.tolerance)
    return wrong(Reason.WRONG_ANSWER, differs) if differs else Ruling(Outcome.CORRECT)
