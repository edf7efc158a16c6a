"""From facts to rulings: what an execution or an examination means for the program. Pure functions.

A pass counts only with proof of work: the tester must have executed as many checks as the reference solution made it
execute. What the program itself says (its stderr, the texts of its errors) decides at most *why* it failed, never
whether.
"""

from dataclasses import dataclass

from rft.types import Examination, Execution, Outcome, Reason, Status, Trust

MAX_DETAIL = 300
"""Characters of a detail."""

_REASONS = {
    Status.COMPILE_ERROR: Reason.COMPILE_ERROR,
    Status.TIMEOUT: Reason.TIMEOUT,
    Status.MEMORY_LIMIT: Reason.MEMORY_LIMIT,
    Status.OUTPUT_LIMIT: Reason.OUTPUT_LIMIT,
    Status.PROCESS_LIMIT: Reason.PROCESS_LIMIT,
    Status.DISK_LIMIT: Reason.DISK_LIMIT,
    Status.FORBIDDEN: Reason.FORBIDDEN,
}
_UNREADABLE = ("SyntaxError", "IndentationError", "TabError")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of one program."""

    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    """Which check failed and what was seen."""
    trust: Trust = Trust.FULL
    starved: bool = False
    """It ran out of time without having used the processor for as long: on an idle machine it might have passed."""

    @property
    def correct(self) -> bool:
        """True when nothing was found wrong."""
        return self.outcome is Outcome.CORRECT


def wrong(reason: Reason, detail: str, starved: bool = False) -> Ruling:
    """Returns the ruling that a program failed."""
    return Ruling(Outcome.INCORRECT, reason, detail, starved=starved)


def unjudged(reason: Reason, detail: str) -> Ruling:
    """Returns the ruling that our side failed."""
    return Ruling(Outcome.UNJUDGED, reason, detail)


def of_examination(
    found: Examination, expected: int | None, cpu_limit_s: float, proved: bool, plain: bool = False
) -> Ruling:
    """Returns what an examination means.

    Args:
        found: its facts.
        expected: how many checks a pass has to execute; None where nobody knows, and at least one has to be.
        cpu_limit_s: the candidate's.
        proved: the reference solution has passed the same exam, so the tests are sound.
    """
    report = found.report
    if found.candidate.status is not Status.FORBIDDEN and report is not None and report["passed"]:
        return _passed(report["checks"], expected, report["forgeable"] or (plain and report["objects"] > 0))
    stopped = _stopped(found.candidate, cpu_limit_s, found.tester.cpu_s)
    if stopped:
        return stopped
    if report is None:
        return _silent(found, cpu_limit_s, proved)
    failure = report["failure"] or {"kind": "protocol", "check": report["checks"], "error": "", "detail": ""}
    said = ": ".join(part for part in (failure["error"], failure["detail"]) if part)
    where = f"check {failure['check'] + 1}"
    match failure["kind"]:
        case "wrong":
            return wrong(Reason.WRONG_ANSWER, f"{where} failed: {said}")
        case "missing":
            return wrong(Reason.MISSING_ENTRY_POINT, said or "the entry point is not defined")
        case "load":
            reason = Reason.COMPILE_ERROR if failure["error"] in _UNREADABLE else _raised(failure["error"], said)
            return wrong(reason, f"does not load: {said}")
        case "tests" if not proved:
            return unjudged(Reason.BAD_REFERENCE, f"the tests themselves failed at {where}: {said}")
        case _:
            return wrong(_raised(failure["error"], said), f"{where} raised {said or _ending(found.candidate)}")


def of_execution(found: Execution, cpu_limit_s: float, exit_code: int = 0) -> Ruling | None:
    """Returns what is wrong with how a program ended; None when it ended well and its output may be looked at."""
    stopped = _stopped(found, cpu_limit_s)
    if stopped:
        return stopped
    if found.status is Status.EXITED and found.exit_code == exit_code:
        return None
    last = next((line.strip() for line in reversed(found.stderr.splitlines()) if line.strip()), "")
    error = last.partition(":")[0]
    if error in _UNREADABLE and "Traceback (most recent call last)" not in found.stderr:
        return wrong(Reason.COMPILE_ERROR, last)
    return wrong(_raised(error, last), f"{_ending(found)}: {last}" if last else _ending(found))


def one_line(text: str) -> str:
    r"""Returns a text in one line of at most ``MAX_DETAIL`` characters, with its control characters spelled out.

    >>> one_line("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: MAX_DETAIL + 1])
    return shown if len(shown) <= MAX_DETAIL else shown[: MAX_DETAIL - 1] + "…"


def _passed(checks: int, expected: int | None, forgeable: bool) -> Ruling:
    if checks < 1 or expected not in (None, checks):
        wanted = "at least 1" if expected is None else str(expected)
        return wrong(Reason.WRONG_ANSWER, f"the tests ended after {checks} checks, not {wanted}")
    return Ruling(Outcome.CORRECT, detail=f"checks={checks}", trust=Trust.LOW if forgeable else Trust.FULL)


def _stopped(found: Execution, cpu_limit_s: float, cpu_elsewhere_s: float = 0.0) -> Ruling | None:
    """The ruling on a program that a limit stopped, or that never began."""
    reason = _REASONS.get(found.status)
    if reason is None:
        return None
    cpu_s = found.cpu_s + cpu_elsewhere_s
    starved = reason is Reason.TIMEOUT and 0.1 * found.wall_s < cpu_s and found.cpu_s < 0.9 * cpu_limit_s
    last = found.stderr.strip() if reason is Reason.COMPILE_ERROR else ""
    return wrong(reason, last or f"{found.cpu_s:.2f} s on the processor, {found.wall_s:.2f} s by the clock", starved)


def _silent(found: Examination, cpu_limit_s: float, proved: bool) -> Ruling:
    """The ruling where the tester said nothing: what stopped it, if the tests are sound, else a fault of ours.

    A candidate that ends early is no such case: the tester sees it and says so.
    """
    stopped = _stopped(found.tester, cpu_limit_s, found.candidate.cpu_s)
    if stopped and stopped.reason and (proved or stopped.reason is Reason.TIMEOUT):
        busy = f"{found.candidate.cpu_s:.2f} s on the processor, its tests {found.tester.cpu_s:.2f} s"
        return wrong(stopped.reason, f"{busy}, {found.tester.wall_s:.2f} s by the clock", stopped.starved)
    return unjudged(Reason.SANDBOX_ERROR, f"the tester ended without a report: {_ending(found.tester)}")


def _raised(error: str, said: str) -> Reason:
    if error == "MemoryError":
        return Reason.MEMORY_LIMIT
    if error == "OSError" and ("Errno 28" in said or "Errno 122" in said):  # ENOSPC, EDQUOT
        return Reason.DISK_LIMIT
    if (error == "BlockingIOError" and "Errno 11" in said) or "can't start new thread" in said:  # EAGAIN of a fork
        return Reason.PROCESS_LIMIT
    return Reason.RUNTIME_ERROR


def _ending(found: Execution) -> str:
    if found.signal is not None:
        return f"signal {found.signal}"
    return str(found.status) if found.exit_code is None else f"exit status {found.exit_code}"
