"""Proves a sandbox by running programs in it: what it isolates, which limits hold, which languages it has."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from rft.errors import InputError
from rft.sandboxes.languages import LANGUAGES
from rft.types import Limits, Program, Sandbox, Status

QUICK = Limits(cpu_s=1, wall_s=2, memory_mib=128, output_kib=16, processes=8, disk_mib=8)
HOST = (
    "import os\nprint(os.getuid(), len(os.listdir('/proc')) if os.path.isdir('/proc') else 0, os.path.exists({path!r}))"
)
BREACHES = {
    "cpu_s": ("while True: pass", Status.TIMEOUT),
    "wall_s": ("import time\ntime.sleep(60)", Status.TIMEOUT),
    "memory_mib": ("x = bytearray(1 << 30)", Status.MEMORY_LIMIT),
    "output_kib": ("while True: print('x' * 1000)", Status.OUTPUT_LIMIT),
    "processes": ("import os, time\nfor _ in range(99):\n    os.fork() or time.sleep(9)", Status.PROCESS_LIMIT),
    "disk_mib": ("open('f', 'wb').write(bytes(64 << 20))", Status.DISK_LIMIT),
    "isolation": ("import ctypes\nctypes.CDLL(None).ptrace(0, 0, 0, 0)", Status.FORBIDDEN),
}
"""Name in ``Execution.enforced`` -> a program that must be stopped, and how."""


@dataclass(frozen=True, slots=True)
class SandboxFinding:
    """One thing that was tried."""

    name: str
    ok: bool
    seen: str
    optional: bool = False
    """A sandbox is of use without it."""


def inspect_sandbox(sandbox: Sandbox) -> list[SandboxFinding]:
    """Returns what every try showed; takes about ten seconds.

    Raises:
        SandboxError: the sandbox fails altogether. InputError: it is not available here.
    """
    return [*_works(sandbox), *_limits(sandbox), *_languages(sandbox)]


def _works(sandbox: Sandbox) -> Iterator[SandboxFinding]:
    host_file = os.path.abspath(__file__)  # noqa: PTH100  only its name is needed
    ended = sandbox.run(Program(HOST.format(path=host_file)), Limits())
    uid, processes, sees_host = ended.stdout.split() if ended.stdout.count(" ") == 2 else ("?", "?", "?")
    where = ended.backend + (f", image {ended.image}" if ended.image else "")
    seen = f"user {uid}, sees {processes} entries of /proc; {where}"
    yield SandboxFinding("runs programs", ended.status is Status.EXITED and ended.exit_code == 0, seen)
    yield SandboxFinding(
        "hides the host", uid not in ("0", "?") and sees_host == "False", f"a file of the host is there: {sees_host}"
    )


def _limits(sandbox: Sandbox) -> Iterator[SandboxFinding]:
    for name, (source, wanted) in BREACHES.items():
        ended = sandbox.run(Program(source), QUICK)
        seen = f"{ended.status} after {ended.wall_s:.2f} s"
        yield SandboxFinding(f"enforces {name}", ended.status is wanted, seen, optional=name not in ended.enforced)


def _languages(sandbox: Sandbox) -> Iterator[SandboxFinding]:
    for spec in LANGUAGES.values():
        ok, seen = _says_hello(sandbox, Program(spec.hello, spec.name))
        yield SandboxFinding(spec.title, ok, seen, optional=spec.name != "python")


def _says_hello(sandbox: Sandbox, program: Program) -> tuple[bool, str]:
    try:
        ended = sandbox.run(program, Limits())
    except InputError as error:
        return False, str(error)
    return ended.stdout == "hello\n", f"{ended.status} in {ended.wall_s:.2f} s"
