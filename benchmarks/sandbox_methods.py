"""The ways of judging a program that ``benchmarks.sandbox_speed`` measures: ours and its peers'."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from benchmarks.peer_process import fenced
from benchmarks.sandbox_cases import Case
from rft.sandboxes.local.toolchain import PYTHON
from rft.types import Limits, Outcome, Problem, Program, Sandbox, Status
from rft.verifiers.code.verifier import CodeVerifier

WORKERS = 2
WARM_UP = 8
TIMEOUT_S = 10.0
PEER_SCRIPT = Path(__file__).with_name("sandbox_peer.py")
PEER_PASS_S = 600.0


@dataclass(slots=True)
class Pass:
    """One go of a method over some cases."""

    seconds: float
    latencies_s: list[float]
    """Of single programs; none where they are judged together."""
    n_judged: int
    n_right: int
    """How many were said to be what they are."""


class Method(Protocol):
    """One way to judge programs."""

    def measure(self, cases: Sequence[Case]) -> Pass: ...


@dataclass
class PerProgram:
    """Judges one program at a time in each of two threads."""

    accepts: Callable[[Case], bool]

    def measure(self, cases: Sequence[Case]) -> Pass:
        def timed(case: Case) -> tuple[bool, float]:
            start = time.perf_counter()
            accepted = self.accepts(case)
            return accepted, time.perf_counter() - start

        start = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            results = list(pool.map(timed, cases))
        return _pass(time.perf_counter() - start, cases, results)


@dataclass
class Verified:
    """The code verifier, asked for one completion at a time; no program is the same as one before."""

    sandbox: Sandbox
    verifier: CodeVerifier = field(default_factory=CodeVerifier)

    def __post_init__(self) -> None:
        self.verifier.provide("sandbox", self.sandbox)
        self._numbers = itertools.count()

    def accepts(self, case: Case) -> bool:
        """Whether a completion passes; anything but a verdict ends the benchmark."""
        return self.judge(case.problem, [self.completion(case)])[0]

    def judge(self, problem: Problem, completions: Sequence[str]) -> list[bool]:
        """Whether each of several completions passes."""
        verdicts = self.verifier.verify(problem, completions)
        for verdict in verdicts:
            if verdict.outcome is Outcome.UNJUDGED:
                raise RuntimeError(f"{problem.id}: {verdict.reason}, {verdict.detail}")
        return [verdict.outcome is Outcome.CORRECT for verdict in verdicts]

    def completion(self, case: Case) -> str:
        """A chat model's answer."""
        return f"Here it is.\n\n```python\n{case.source}\n# {next(self._numbers)}\n```\n"


@dataclass
class Together:
    """The code verifier, asked for all candidates of a problem at once, by as many threads as a run has."""

    verified: Verified
    n_candidates: int

    def measure(self, cases: Sequence[Case]) -> Pass:
        def judged(case: Case) -> list[bool]:
            return self.verified.judge(case.problem, [self.verified.completion(case) for _ in range(self.n_candidates)])

        start = time.perf_counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            results = [(accepted, 0.0) for found in pool.map(judged, cases) for accepted in found]
        seconds = time.perf_counter() - start
        return _pass(seconds, [case for case in cases for _ in range(self.n_candidates)], results, single=False)


@dataclass
class Fenced:
    """A grader of ``benchmarks.sandbox_peer``; its start and its imports are not timed."""

    grader: str
    packages: Path | None

    def measure(self, cases: Sequence[Case]) -> Pass:
        question = {
            name: [{"source": case.source, "row": case.row} for case in some]
            for name, some in (("warm_up", cases[:WARM_UP]), ("cases", cases))
        }
        command = [str(PYTHON), "-P", "-S", str(PEER_SCRIPT), self.grader, str(WORKERS)]
        with tempfile.TemporaryDirectory(prefix="peer-") as folder:
            env = {"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "TMPDIR": folder, "HOME": folder}
            if self.packages:
                env["PYTHONPATH"] = str(self.packages)
            said = subprocess.run(
                fenced(command, Path(folder)),
                input=json.dumps(question),
                stdout=subprocess.PIPE,
                text=True,
                env=env,
                cwd=folder,
                timeout=PEER_PASS_S,
                check=True,
            )
        reply = json.loads(said.stdout.splitlines()[-1])
        return _pass(reply["seconds"], cases, reply["results"])


def in_sandbox(sandbox: Sandbox) -> Callable[[Case], bool]:
    """One process: program and tests together, as the peers have it, in our sandbox."""

    def accepts(case: Case) -> bool:
        ended = sandbox.run(Program(case.with_tests), Limits())
        return ended.status is Status.EXITED and ended.exit_code == 0

    return accepts


def in_bubblewrap() -> Callable[[Case], bool]:
    """A new bubblewrap and a new interpreter per program; program and tests together.

    Whatever would make it slower is left out: limits, a system call filter, and (``-S``, as our own interpreters have
    it) the ``.pth`` hooks of site-packages, which on some machines take longer than everything else.
    """
    prefix = sys.base_prefix
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += ["--uid", "65534", "--gid", "65534", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            command += ["--symlink", f"usr/{name}", f"/{name}"]
    if not prefix.startswith("/usr/"):
        command += ["--ro-bind", prefix, prefix]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp", "--", str(PYTHON), "-I", "-S"]

    def accepts(case: Case) -> bool:
        ended = subprocess.run([*command, "-c", case.with_tests], capture_output=True, timeout=TIMEOUT_S)
        if b"bwrap:" in ended.stderr:
            raise RuntimeError(ended.stderr.decode())
        return ended.returncode == 0

    return accepts


def in_new_container(image: str) -> Callable[[Case], bool]:
    """``docker run`` per program through the SDK, with the options that our containers have; tried once more where the
    engine itself fails."""
    import docker
    from docker.errors import APIError, ContainerError, NotFound

    engine = docker.from_env()
    options: dict[str, Any] = {
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/tmp": "size=64m"},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "user": "65534:65534",
        "mem_limit": "1g",
        "memswap_limit": "1g",
        "pids_limit": 64,
        "init": True,
    }

    def run(name: str, case: Case) -> bool:
        command = ["-I", "-S", "-c", case.with_tests]
        try:
            engine.containers.run(image, command, entrypoint=["python3"], remove=True, name=name, **options)
        except ContainerError as error:
            if error.exit_status != 1:
                raise
            return False
        return True

    def accepts(case: Case) -> bool:
        name = f"rft-bench-{token_hex(8)}"
        try:
            return run(name, case)
        except APIError as error:
            print(f"docker run failed: {error}", file=sys.stderr)
            with suppress(NotFound):
                engine.containers.get(name).remove(force=True)
            return run(f"{name}-again", case)

    return accepts


def _pass(seconds: float, cases: Sequence[Case], results: Sequence[tuple[bool, float]], single: bool = True) -> Pass:
    n_right = sum(accepted == case.is_right for case, (accepted, _) in zip(cases, results, strict=True))
    return Pass(seconds, [latency for _, latency in results] if single else [], len(results), n_right)
