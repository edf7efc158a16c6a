"""What a supervisor is asked to do for a program: the payloads that compile it, run it, and put a tester beside it.

Everything here is pure and holds for every backend: commands are looked up inside the sandbox, on ``PATH``. Which of
them this machine has is for ``rft.sandboxes.local.installed`` to say.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from rft.errors import InputError
from rft.sandboxes import archive
from rft.sandboxes.inside.child.confine import INSIDE
from rft.sandboxes.languages import LANGUAGES, find
from rft.sandboxes.languages.spec import ARTIFACT, LanguageSpec
from rft.types import JSON, Limits, Program

PATH = "/opt/go/bin:/opt/rust/bin:/usr/local/go/bin:/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin"
"""The first two: a local sandbox's (``rft.sandboxes.local.installed``); the next two: those of the official images."""
COMPILE_LIMITS = Limits(cpu_s=60, wall_s=60, memory_mib=2048, output_kib=256, processes=128, disk_mib=512)
"""For compiling. Measured here: g++ with <bits/stdc++.h> 1.6 s and 200 MiB, rustc 0.7 s and 84 MiB, go 0.2 s and 51
MiB where it comes with its library compiled (Debian 12); from go 1.20 on it does not, and a first build compiles
the library too: our estimate for that is 20 s of processor time, 400 MiB of memory and 100 MiB of files."""


def limits_for(language: str, limits: Limits) -> dict[str, JSON]:
    """Returns limits as a supervisor takes them: with room for the bare runtime, and how memory is to be bounded."""
    spec = find(language)
    return {
        "cpu_s": limits.cpu_s,
        "wall_s": limits.wall_s,
        "memory_mib": limits.memory_mib + spec.base_memory_mib,
        "output_kib": limits.output_kib,
        "processes": limits.processes + spec.base_processes,
        "disk_mib": limits.disk_mib,
        "data_only": spec.data_only,
    }


def ran_out_of_memory(language: str, stderr: str) -> bool:
    """Whether a program's stderr holds its runtime's complaint about memory."""
    return any(sign in stderr for sign in find(language).memory_signs)


def compile_job(program: Program) -> dict[str, Any] | None:
    """Returns the payload that compiles a program and keeps the artefact; None where nothing is to be compiled.

    Raises:
        InputError: the language is unknown.
    """
    spec = find(program.language)
    if spec.compile is None:
        return None
    files = archive.unpack(program.source, spec.source_file)
    return {**_exec(spec, {**files, **spec.extra_files}, spec.compile), "keep": ARTIFACT}


def run_job(program: Program, artifact: bytes | None = None) -> dict[str, Any]:
    """Returns the payload that runs a program: its source, or what compiling made of it.

    Raises:
        InputError: the language is unknown, or compiled and the artefact is missing.
    """
    spec = find(program.language)
    if spec.name == "python":
        return {"mode": "script", "source": program.source}
    if spec.compile is None:
        return _exec(spec, {spec.source_file: program.source}, spec.run)
    if artifact is None:
        raise InputError(f"a program in {spec.title} is run from what compile_job makes of it")
    return {**_exec(spec, {}, spec.run), "artifact": base64.b64encode(artifact).decode()}


def candidate_job(program: Program, entry_point: str | None) -> dict[str, Any]:
    """Returns the payload of a candidate whose functions a tester calls.

    Raises:
        InputError: the language is unknown or has no call form.
    """
    spec = find(program.language)
    if not spec.call_form:
        able = ", ".join(sorted(other.name for other in LANGUAGES.values() if other.call_form))
        raise InputError(f"functions of language '{spec.name}' cannot be called from outside; those of {able} can")
    if spec.name == "python":
        return {"mode": "module", "source": program.source, "entry_point": entry_point}
    argv = (*spec.run[:-1], f"{INSIDE}/js/candidate.js", spec.source_file, entry_point or "")
    return {**_exec(spec, {spec.source_file: program.source}, argv), "rpc": True}


def tester_job(exam: JSON) -> dict[str, Any]:
    """Returns the payload of the tester. ``exam["language"]`` is that of a test program, python if none is given.

    Call cases are values: whatever the candidate's language, the Python tester compares them.

    Raises:
        InputError: the language is unknown, or no test program can be written in it.
    """
    spec = find(exam.get("language", "python"))
    if spec.name == "python" or "calls" in exam:
        return {"mode": "exam", "exam": exam}
    if spec.name != "javascript":
        raise InputError(f"a test program in language '{spec.name}' cannot call a candidate; python, javascript can")
    if not exam.get("entry_point"):
        raise InputError("a test program in JavaScript needs an entry_point")
    argv = (*spec.run[:-1], f"{INSIDE}/js/tester.js", "exam.json")
    return {**_exec(spec, {"exam.json": json.dumps(exam)}, argv), "rpc": True}


def _exec(spec: LanguageSpec, files: Mapping[str, str], argv: tuple[str, ...]) -> dict[str, Any]:
    env = {"PATH": PATH, **spec.env}
    return {"mode": "exec", "files": dict(files), "argv": list(argv), "keep": None, "artifact": None, "env": env}
