"""The protocol of SandboxFusion's ``POST /run_code``, read from both ends: as its client and as a server of the form.

Source: bytedance/SandboxFusion, ``sandbox/server/sandbox_api.py`` and ``sandbox/runners/{types,base}.py``.

What its answers leave open, so that nobody reads more into them:
- ``execution_time`` is time by the clock; processor time and memory are not told (both come out as 0).
- Only the time limit is sure to hold. ``memory_limit_MB`` limits the address space, and only in some set-ups.
- stdout is cut at 1 MiB without a word; so an output of 1 MiB or more counts as over the limit here.
- Output that is not UTF-8 is replaced whole by a text that begins with ``[DecodeError]``.
- Old releases (their issues 53 and 62) report a program that writes a lot as out of time.
"""

from dataclasses import replace
from typing import Any

from rft.errors import InputError, unknown
from rft.sandboxes.http.records import MAX_NUMBER, clean
from rft.sandboxes.languages import LANGUAGES, find
from rft.sandboxes.limits import checked_limits
from rft.types import JSON, Execution, Limits, Program, Status

NOT_OURS = {
    **{name: name for name in ("java", "php", "csharp", "bash", "typescript", "lua", "perl", "ruby", "scala", "julia")},
    **{"swift": "swift", "racket": "racket", "r": "R"},
}
"""Languages that only they run, and what they call them. Their test runners and GPU forms are left out."""
NAMES = NOT_OURS | {spec.name: spec.fusion_name for spec in LANGUAGES.values() if spec.fusion_name}
"""Our name of a language -> theirs, of all whose programs they run as they stand."""
COMPILE_S = 30.0
OUTPUT_CAP = 1024 * 1024
"""Bytes of each stream that the server keeps."""
KILLED = -9
"""The return code told for a program that a limit ended."""


def request_of(program: Program, limits: Limits, memory_limit: bool) -> dict[str, JSON]:
    """Returns the body that asks for one run.

    Raises:
        InputError: they do not know the language.
    """
    language = _our_name(program.language)
    if language not in NAMES:
        raise unknown("language", program.language, NAMES, " for a SandboxFusion server")
    return {
        "code": program.source,
        "language": NAMES[language],
        "stdin": program.stdin,
        "compile_timeout": COMPILE_S,
        "run_timeout": limits.wall_s,
        "memory_limit_MB": limits.memory_mib if memory_limit else -1,
        "files": {},
        "fetch_files": [],
    }


def execution_of(answer: JSON, limits: Limits) -> Execution | str:
    """Returns the facts that an answer tells, or, when the server says that it failed itself, its message.

    Raises:
        ValueError: this is not an answer of the protocol.
    """
    if not isinstance(answer, dict) or answer.get("status") not in ("Success", "Failed", "SandboxError"):
        raise ValueError("the answer has no known status")
    if answer["status"] == "SandboxError":
        return f"SandboxError: {str(answer.get('message'))[-500:]}"
    compiled, ran = (_Result(answer.get(key), limits) for key in ("compile_result", "run_result"))
    if compiled.status is not None and (compiled.status != "Finished" or compiled.code != 0):
        # A compiler out of time is the candidate's doing (templates, macros), yet no refusal.
        late = compiled.status == "TimeLimitExceeded"
        return compiled.execution(Status.TIMEOUT if late else Status.COMPILE_ERROR)
    if ran.status is None:
        raise ValueError("the answer has no run_result")
    if ran.status == "Error":
        return f"run_result says Error: {ran.stderr[-500:]}"
    if ran.stdout_cut or ran.stderr_cut:
        return ran.execution(Status.OUTPUT_LIMIT)
    if ran.status == "TimeLimitExceeded":
        return ran.execution(Status.TIMEOUT)
    if ran.code is None:
        raise ValueError("run_result is Finished without a return_code")
    return ran.execution(Status.EXITED if ran.code >= 0 else Status.SIGNALED)


class _Result:
    """One checked ``CommandRunResult``; a missing one has status None."""

    def __init__(self, value: JSON, limits: Limits) -> None:
        if not isinstance(value, dict | None):
            raise ValueError("a result is neither an object nor null")
        self.status = value["status"] if value and "status" in value else None
        if value is not None and self.status not in ("Finished", "Error", "TimeLimitExceeded"):
            raise ValueError("a result has no known status")
        given: dict[str, Any] = value or {}
        self.code, took = given.get("return_code"), given.get("execution_time")
        if type(self.code) not in (int, type(None)) or type(took) not in (int, float, type(None)):
            raise ValueError("return_code or execution_time is not a number")
        if not -MAX_NUMBER <= (self.code or 0) <= MAX_NUMBER or not 0 <= (took or 0) <= MAX_NUMBER:
            raise ValueError("return_code or execution_time is out of range")
        self.wall_s = float(took or 0.0)
        self.stdout, self.stdout_cut = _cut(given.get("stdout"), limits)
        self.stderr, self.stderr_cut = _cut(given.get("stderr"), limits)

    def execution(self, status: Status) -> Execution:
        """Returns what was read, as the facts of a program that ended so."""
        code = self.code if status in (Status.EXITED, Status.COMPILE_ERROR) else None
        return Execution(
            status=status,
            exit_code=code,
            signal=-self.code if status is Status.SIGNALED and self.code else None,
            stdout=self.stdout,
            stderr=self.stderr,
            stdout_truncated=self.stdout_cut,
            stderr_truncated=self.stderr_cut,
            cpu_s=0.0,
            wall_s=self.wall_s,
            peak_memory_mib=0.0,
            enforced=frozenset({"wall_s"}),
            backend="http:SandboxFusion",
        )


def _our_name(language: str) -> str:
    """The table's name for an alias; a language that only they have keeps its own."""
    try:
        return find(language).name
    except InputError:
        return language.lower()


def _cut(text: JSON, limits: Limits) -> tuple[str, bool]:
    if not isinstance(text, str | None):
        raise ValueError("stdout or stderr is not text")
    raw = clean(text or "").encode("utf-8")
    most = limits.output_kib * 1024
    return raw[:most].decode("utf-8", "ignore"), len(raw) > most or len(raw) >= OUTPUT_CAP


def program_of(body: JSON, default: Limits) -> tuple[Program, Limits]:
    """Returns what a ``run_code`` request asks for; limits that the protocol has no words for are the default's.

    Raises:
        InputError: a field is missing, of another type, or asks for what we do not do (files, arguments).
        ValueError: a limit is out of its range.
    """
    if not isinstance(body, dict) or not isinstance(body.get("code"), str) or not isinstance(body.get("language"), str):
        raise InputError("'code' and 'language' must be given, as texts")
    language: str = body["language"]
    stdin = body.get("stdin") or ""
    wall_s, memory_mib = body.get("run_timeout", default.wall_s), body.get("memory_limit_MB", -1)
    if not isinstance(stdin, str) or type(wall_s) not in (int, float) or type(memory_mib) is not int:
        raise InputError("'stdin' must be a text, 'run_timeout' a number and 'memory_limit_MB' a whole number")
    if extra := [name for name in ("files", "fetch_files", "args") if body.get(name)]:
        raise InputError(f"'{extra[0]}' is not supported by this server; leave it empty")
    back = {theirs: ours for ours, theirs in NAMES.items()}
    memory = {"memory_mib": memory_mib} if memory_mib > 0 else {}
    asked: dict[str, Any] = checked_limits({"cpu_s": wall_s, "wall_s": wall_s, **memory}, "the request")
    return Program(body["code"], back.get(language, language), stdin), replace(default, **asked)


def answer_of(execution: Execution) -> dict[str, JSON]:
    """Returns an execution in the form of ``run_code``; ``message`` names the limit when one ended the program."""
    compiling = execution.status is Status.COMPILE_ERROR
    late = execution.status is Status.TIMEOUT
    code = execution.exit_code if execution.exit_code is not None else -(execution.signal or -KILLED)
    result = {
        "status": "TimeLimitExceeded" if late else "Finished",
        "execution_time": execution.wall_s,
        "return_code": None if late else (code or 1) if compiling else code,
        "stdout": execution.stdout,
        "stderr": execution.stderr,
    }
    passed = execution.status is Status.EXITED and code == 0
    ended = execution.status not in (Status.EXITED, Status.SIGNALED)
    return {
        "status": "Success" if passed else "Failed",
        "message": execution.status.value if ended else "",
        "compile_result": result if compiling else None,
        "run_result": None if compiling else result,
        "executor_pod_name": None,
        "files": {},
    }


def sandbox_error(message: str) -> dict[str, JSON]:
    """Returns the answer that says: the sandbox failed, not the program."""
    nothing: dict[str, JSON] = {"compile_result": None, "run_result": None, "executor_pod_name": None, "files": {}}
    return {"status": "SandboxError", "message": message, **nothing}
