"""The languages that a sandbox can run: one table, and what a supervisor is asked to do for a program in each.

Everything here is pure and holds for every backend: commands are looked up inside the sandbox, on ``PATH``. Which of
them this machine has, and which of its files they need, is ``rft.sandboxes.local.installed``'s to find out.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rft.errors import InputError, unknown
from rft.sandboxes import archive
from rft.sandboxes.inside.child.confine import INSIDE
from rft.types import JSON, Limits, Program

"""Where the code that runs inside lies, in every sandbox."""
ARTIFACT = "program"
"""The compiled program, in the private folder."""
PATH = "/opt/go/bin:/opt/rust/bin:/usr/local/go/bin:/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin"
"""The first two: a local sandbox's (``rft.sandboxes.local.installed``); the next two: those of the official images."""
COMPILE_LIMITS = Limits(cpu_s=60, wall_s=60, memory_mib=2048, output_kib=256, processes=128, disk_mib=512)
"""For compiling. Measured here: g++ with <bits/stdc++.h> 1.6 s and 200 MiB, rustc 0.7 s and 84 MiB, go 0.2 s and 51
MiB where it comes with its library compiled (Debian 12); from go 1.20 on it does not, and a first build compiles
the library too: our estimate for that is 20 s of processor time, 400 MiB of memory and 100 MiB of files."""


@dataclass(frozen=True, slots=True)
class LanguageSpec:
    """How programs of one language are compiled and run."""

    name: str
    title: str
    source_file: str
    command: str
    """What must be on ``PATH`` for the language to be there."""
    install: str
    """What a user does about it when it is not."""
    run: tuple[str, ...]
    compile: tuple[str, ...] | None = None
    """Makes the file ``program`` of the source; None: nothing is compiled."""
    aliases: tuple[str, ...] = ()
    """Further names: file extensions, and what SandboxFusion calls it."""
    env: Mapping[str, str] = field(default_factory=dict)
    extra_files: Mapping[str, str] = field(default_factory=dict)
    """Further files that compiling takes, by name."""
    version: tuple[str, ...] = ()
    """Prints the version of the compiler or interpreter."""
    data_only: bool = False
    """Its runtime reserves far more address space than it uses: only RLIMIT_DATA can bound its memory."""
    base_memory_mib: int = 0
    """Writable memory that the bare runtime maps, thread stacks of 64 MiB each included; on top of the limit."""
    base_processes: int = 0
    """Threads of the bare runtime; on top of the limit."""
    memory_signs: tuple[str, ...] = ()
    """What its runtime writes to stderr when it is refused memory. A program can write that too: it decides between
    two reasons for a failure, never whether it was one."""
    call_form: bool = False
    """Functions can be called from a tester in another process."""
    whole_form: bool = False
    """Tests in the same language can be put beside the program (see ``rft.sandboxes.whole``)."""


_GO_MEMORY = ("out of memory", "cannot allocate memory", "failed to reserve", "failed to create new OS thread")
_GO_PACKAGE = "/tmp/work/.go/src/candidate"
"""Where go looks for the package that ``rft.sandboxes.whole`` makes of a candidate; an overlay puts it there."""
LANGUAGES: dict[str, LanguageSpec] = {
    "python": LanguageSpec(
        name="python",
        title="Python",
        source_file="main.py",
        command="python3",
        install="Python comes with rft itself",
        run=("python3", "main.py"),
        aliases=("py", "python3"),
        version=("python3", "--version"),
        memory_signs=("MemoryError",),
        call_form=True,
    ),
    "javascript": LanguageSpec(
        name="javascript",
        title="JavaScript (node)",
        source_file="main.js",
        command="node",
        install="install Node.js 18 or newer (Debian: apt-get install nodejs)",
        run=("node", "--v8-pool-size=1", "main.js"),
        aliases=("js", "node", "nodejs"),
        env={"UV_THREADPOOL_SIZE": "1", "UV_USE_IO_URING": "0", "NODE_NO_WARNINGS": "1"},
        version=("node", "--version"),
        data_only=True,
        base_memory_mib=208,
        base_processes=12,
        memory_signs=("heap out of memory", "Array buffer allocation failed", "Fatal process out of memory"),
        call_form=True,
    ),
    "cpp": LanguageSpec(
        name="cpp",
        title="C++ (g++)",
        source_file="main.cpp",
        command="g++",
        install="install g++ (Debian: apt-get install g++)",
        compile=("g++", "-O2", "-std=c++17", "-s", "-o", ARTIFACT, "main.cpp"),
        run=(f"./{ARTIFACT}",),
        aliases=("c++", "cc", "cxx", "g++"),
        version=("g++", "-dumpfullversion"),
        memory_signs=("std::bad_alloc", "std::length_error"),
    ),
    "c": LanguageSpec(
        name="c",
        title="C (gcc)",
        source_file="main.c",
        command="gcc",
        install="install gcc (Debian: apt-get install gcc libc6-dev)",
        compile=("gcc", "-O2", "-std=gnu11", "-s", "-o", ARTIFACT, "main.c", "-lm"),
        run=(f"./{ARTIFACT}",),
        aliases=("gcc",),
        version=("gcc", "-dumpfullversion"),
    ),
    "go": LanguageSpec(
        name="go",
        title="Go",
        source_file="main.go",
        command="go",
        install="install Go (Debian: apt-get install golang-go)",
        compile=("go", "build", "-ldflags=-s -w", "-o", ARTIFACT, "main.go"),
        run=(f"./{ARTIFACT}",),
        aliases=("golang",),
        env={
            "GOCACHE": "/tmp/work/.cache",
            "GOPATH": "/tmp/work/.go",
            "GO111MODULE": "off",  # one file has no module; without one the newest form of the language holds
            "GOFLAGS": "-overlay=overlay.json",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "GOMAXPROCS": "2",
        },
        version=("go", "version"),
        data_only=True,
        base_memory_mib=192,
        base_processes=12,
        extra_files={
            "overlay.json": json.dumps({"Replace": {f"{_GO_PACKAGE}/candidate.go": "/tmp/work/candidate.go"}})
        },
        memory_signs=_GO_MEMORY,
        whole_form=True,
    ),
    "rust": LanguageSpec(
        name="rust",
        title="Rust",
        source_file="main.rs",
        command="rustc",
        install="install Rust (https://rustup.rs, or Debian: apt-get install rustc)",
        compile=("rustc", "--edition=2021", "-O", "-C", "strip=symbols", "-C", "linker=gcc", "-o", ARTIFACT, "main.rs"),
        run=(f"./{ARTIFACT}",),
        aliases=("rs",),
        version=("rustc", "--version"),
        memory_signs=("memory allocation of", "capacity overflow"),
    ),
}
"""A new language enters with one entry."""
_BY_NAME = {name: spec for spec in LANGUAGES.values() for name in (spec.name, *spec.aliases)}


def find(name: str) -> LanguageSpec:
    """Returns a language by its name or one of its aliases, in any case.

    >>> find("NodeJS").name
    'javascript'

    Raises:
        InputError: no such language is known.
    """
    spec = _BY_NAME.get(name.lower()) if isinstance(name, str) else None
    if spec is None:
        raise unknown("language", str(name), LANGUAGES)
    return spec


def not_installed(spec: LanguageSpec, where: str) -> InputError:
    """Returns the error for a language that a sandbox does not have; ``where`` says which: "on this machine"."""
    return InputError(f"language '{spec.name}' needs {spec.command}, which was not found {where}; {spec.install}")


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
    """Returns the payload of the tester. ``exam["language"]`` is that of a test program, python unless it is said.

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
