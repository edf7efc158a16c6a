"""Special judges: a task's own program that decides whether an output is right, run in a sandbox of its own.

It reads ``{"stdin": …, "stdout": …, "expected": …}`` as JSON and ends with exit status 0 to accept, 1 to refuse.
Anything else is a fault of the judge and leaves the candidate unjudged, be it that the output made it fail.
"""

import json
import re

from rft.types import Limits, Outcome, Program, Reason, Sandbox, Status
from rft.verifiers.code.reference.read import Judge
from rft.verifiers.code.trial.rulings import Ruling, unjudged, wrong

LIMITS = Limits(memory_mib=1024)
ACCEPTS, REFUSES = 0, 1
_CRASHED = re.compile(r"^(?:Traceback \(most recent call last\):|(?:Syntax|Indentation|Tab)Error: |Node\.js v\d)", re.M)
"""What Python and node say when a program of theirs fails; it ends with status 1 then, as a judge that refuses does."""


def ask(sandbox: Sandbox, judge: Judge, stdin: str, stdout: str, expected: str | None) -> Ruling:
    """Returns what a judge says of an output.

    Args:
        sandbox: where the judge runs.
        judge: the program.
        stdin: what the candidate read.
        stdout: what it wrote.
        expected: what the task's case holds.

    Raises:
        SandboxError: the sandbox failed.
        InputError: the sandbox does not know the judge's language.
    """
    told = json.dumps({"stdin": stdin, "stdout": stdout, "expected": expected})
    found = sandbox.run(Program(judge.source, judge.language, told), LIMITS)
    said = (found.stdout or found.stderr).strip()
    if found.status is Status.EXITED and found.exit_code == ACCEPTS:
        return Ruling(Outcome.CORRECT, detail=said)
    if found.status is Status.EXITED and found.exit_code == REFUSES and not _CRASHED.search(found.stderr):
        return wrong(Reason.WRONG_ANSWER, f"the judge refuses the output: {said}")
    ending = found.status if found.exit_code is None else f"exit status {found.exit_code}"
    return unjudged(Reason.VERIFIER_ERROR, f"the judge failed ({ending}): {said}")
