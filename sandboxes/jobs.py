"""From programs to a supervisor's jobs, and from its replies to facts; the same for every backend with a pool."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rft.sandboxes import payloads
from rft.sandboxes.inside.supervisor.job import MAX_STARVED
from rft.sandboxes.languages import find, not_installed
from rft.sandboxes.pool import Pool
from rft.types import JSON, Examination, Execution, Limits, Program, Status

ToExecution = Callable[[dict[str, Any], Limits], Execution]
"""Makes an execution of one child's facts."""
PRELOADED = ("numpy",)
"""Packages that take long to import; a program that names one gets a warm interpreter that holds it."""


def run(pool: Pool, program: Program, limits: Limits, to_execution: ToExecution) -> Execution:
    """Compiles a program where that is needed (once per source), and runs it.

    Raises:
        SandboxError, InputError: see ``rft.types.Sandbox.run``.
    """
    artifact = _compiled(pool, program, to_execution)
    if isinstance(artifact, Execution):
        return artifact
    payload = payloads.run_job(program, artifact)
    job = _job(program, limits, {"candidate": payload}) | {"stdin": program.stdin}
    return _explained(to_execution(pool.ask(job, limits.wall_s * MAX_STARVED)["candidate"], limits), program.language)


def examine(pool: Pool, candidate: Program, exam: JSON, limits: Limits, to_execution: ToExecution) -> Examination:
    """Runs a candidate and its tests in two processes.

    Raises:
        SandboxError, InputError: see ``rft.types.Sandbox.examine``.
    """
    _require(pool, candidate.language)
    children = {
        "candidate": payloads.candidate_job(candidate, exam.get("entry_point")),
        "tester": payloads.tester_job(exam),
    }
    tests = " ".join(str(exam.get(key, "")) for key in ("setup", "program"))
    job = _job(candidate, limits, children) | {"tester_preload": _preloaded(tests)}
    reply = pool.ask(job, limits.wall_s * MAX_STARVED)
    tester = _explained(to_execution(reply["tester"], limits), exam.get("language", "python"))
    return Examination(to_execution(reply["candidate"], limits), tester, reply["report"])


def _compiled(pool: Pool, program: Program, to_execution: ToExecution) -> bytes | Execution | None:
    """What the compiler made of a program; how it failed; None where nothing is compiled."""
    _require(pool, program.language)
    payload = payloads.compile_job(program)
    if payload is None:
        return None
    key = (find(program.language).name, program.source)
    if (artifact := pool.artifacts.get(key)) is not None:
        return artifact
    limits = payloads.COMPILE_LIMITS
    facts = pool.ask(_job(program, limits, {"candidate": payload}), limits.wall_s * MAX_STARVED)["candidate"]
    ended = to_execution(facts, limits)
    if ended.status is not Status.EXITED or ended.exit_code != 0:
        return replace(ended, status=Status.COMPILE_ERROR)
    pool.artifacts.put(key, artifact := base64.b64decode(facts["artifact"]))
    return artifact


def _explained(ended: Execution, language: str) -> Execution:
    """Says of a program that failed by its runtime's complaint about memory that it ran out of memory."""
    failed = ended.status is Status.SIGNALED or (ended.status is Status.EXITED and ended.exit_code)
    if failed and payloads.ran_out_of_memory(language, ended.stderr):
        return replace(ended, status=Status.MEMORY_LIMIT)
    return ended


def _job(program: Program, limits: Limits, children: dict[str, Any]) -> dict[str, Any]:
    return {
        "limits": payloads.limits_for(program.language, limits),
        "children": children,
        "preload": _preloaded(program.source),
    }


def _preloaded(source: str) -> list[str]:
    return [name for name in PRELOADED if name in source]


def _require(pool: Pool, language: str) -> None:
    spec = find(language)
    if spec.name != "python" and not pool.offers(spec.command, payloads.PATH):
        raise not_installed(spec, "in the sandbox")
