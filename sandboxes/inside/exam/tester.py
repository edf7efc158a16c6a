"""The tester's side of an examination: runs the tests against a candidate that lives in another process.

The report is decided here and nowhere else. Candidate code never runs in this process; what it returns arrives as exact
built-in values or as proxies. What it can do is to answer wrongly, late or not at all.

An exam is a test program or a list of calls:

    {"entry_point": "add" | "Solution.f" | null, "setup": source, "program": source, "in_place": bool}
    {"entry_point": "add", "calls": [{"args": […], "kwargs": {…}, "expected": …}], "tolerance": 1e-6 | null,
     "ordered": bool, "in_place": bool, "loose_sequences": bool, "strict_types": bool}
"""

import socket
from collections.abc import Callable
from typing import Any

from rft.sandboxes.inside.exam.compare import ExamRules
from rft.sandboxes.inside.exam.counting import Checks
from rft.sandboxes.inside.exam.handles import UnsupportedError
from rft.sandboxes.inside.exam.link import CandidateLink, CandidateLostError
from rft.sandboxes.inside.exam.program import TestProgram
from rft.sandboxes.inside.exam.wire.errors import text_of
from rft.sandboxes.inside.exam.wire.plain import JSON, decode
from rft.sandboxes.inside.exam.wire.wire import Wire


def examine(payload: dict[str, JSON], rpc: socket.socket) -> dict[str, JSON]:
    """Runs an exam and returns what was found, as ``Exam.run`` does."""
    return Exam(payload).run(rpc)


class Exam:
    """An exam that was read once and may be run against any number of candidates."""

    def __init__(self, payload: dict[str, JSON]) -> None:
        self._in_place = payload.get("in_place") is True
        self._broken: BaseException | None = None
        self.is_pure = False
        """Whether nothing of one candidate can be left for the next."""
        try:
            self._run, self.is_pure = _prepared(payload)
        except BaseException as error:
            self._broken = error

    def run(self, rpc: socket.socket) -> dict[str, JSON]:
        """Examines a candidate; never raises for what tests or candidate do.

        Returns:
            "checks": how many were executed; "passed"; "failure": None or "kind" (wrong, raised, load, missing, tests,
            protocol), "check" (index), "error" (name) and "detail"; "objects": how many operations on the candidate's
            objects were asked; "forgeable": whether an opinion of such an object entered the result.
        """
        checks = Checks()
        link = CandidateLink(Wire(rpc), checks, self._in_place)
        if self._broken is not None:
            return _report(_failure("tests", checks, self._broken), link)
        failure = None
        try:
            link.open()
            self._run(link)
        except BaseException as error:
            failure = _classify(error, link)
        link.finish()
        return _report(failure, link)


def _prepared(payload: dict[str, JSON]) -> tuple[Callable[[CandidateLink], None], bool]:
    """How an exam is run, and whether that leaves nothing behind; calls are compared by us alone."""
    if "calls" in payload:
        return _calls(payload), True
    program = TestProgram(payload)
    return program.run, program.is_pure


def _report(failure: dict[str, JSON] | None, link: CandidateLink) -> dict[str, JSON]:
    checks = link.checks
    # What the tests caught stays a failure: a lost candidate first, then the first check that failed.
    if link.fault is not None:
        failure = _failure(link.fault.kind, checks, link.fault)
    elif checks.failed is not None:
        failure = {"kind": "wrong", "check": checks.failed, "error": "AssertionError", "detail": checks.detail}
    elif failure is None and checks.done == 0:
        kind = "wrong" if link.asked else "tests"
        failure = {"kind": kind, "check": 0, "error": "AssertionError", "detail": "no check was executed"}
    return {
        "checks": checks.done,
        "passed": failure is None,
        "failure": failure,
        "objects": link.objects,
        "forgeable": link.forgeable,
    }


def _classify(error: BaseException, link: CandidateLink) -> dict[str, JSON] | None:
    if isinstance(error, SystemExit) and error.code in (None, 0, False):
        return None  # tests may end so; the number of checks says whether they got far enough
    if getattr(error, "rft_candidate", False) is True:
        kind = "raised"
    elif isinstance(error, NameError) and error.name in link.missing:
        kind = "missing"
    elif isinstance(error, UnsupportedError) or not link.asked:
        kind = "tests"
    else:
        kind = "wrong"
    return _failure(kind, link.checks, error)


def _failure(kind: str, checks: Checks, error: BaseException) -> dict[str, JSON]:
    name = error.error if isinstance(error, CandidateLostError) else type(error).__name__
    return {"kind": kind, "check": checks.done, "error": name, "detail": text_of(error)}


def _calls(exam: dict[str, JSON]) -> Callable[[CandidateLink], None]:
    rules = {name: exam[name] for name in ("tolerance", "ordered", "loose_sequences", "strict_types") if name in exam}
    comparison = ExamRules(**rules)
    target = exam["entry_point"]
    if type(target) is not str:
        raise ValueError("calls need an entry point")
    cases = [(case.get("args", []), case.get("kwargs", {}), decode(case["expected"])) for case in exam["calls"]]

    def run(link: CandidateLink) -> None:
        for args, kwargs, expected in cases:
            result = link.call_encoded(target, args, kwargs)
            value = result["value"]
            if value is None and link.in_place and args:
                value = result["args"][0]  # what works in place returns nothing and is judged by its first argument
            held = comparison.equal(value, expected)
            link.checks.note(held, "" if held else f"returned {_shown(value)}, expected {_shown(expected)}")
            if not held:
                return

    return run


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:
        return f"({type(error).__name__})"
    return text if len(text) <= 200 else f"{text[:200]}…"
