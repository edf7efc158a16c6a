"""Proves a sandbox by running programs in it: what it isolates, which limits hold, which languages it has."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rft.errors import InputError
from rft.sandboxes.languages import LANGUAGES
from rft.types import Execution, Limits, Program, Sandbox, Status

QUICK = Limits(cpu_s=1, wall_s=2, memory_mib=128, output_kib=16, processes=8, disk_mib=8)
HELLO = {
    "python": "print('hello')",
    "javascript": "console.log('hello')",
    "cpp": '#include <iostream>\nint main() { std::cout << "hello\\n"; }',
    "c": '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }',
    "go": 'package main\nimport "fmt"\nfunc main() { fmt.Println("hello") }',
    "rust": 'fn main() { println!("hello"); }',
}
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


def examine(sandbox: Sandbox) -> list[SandboxFinding]:
    """Returns what was found; takes some ten seconds.

    Raises:
        SandboxError: the sandbox fails altogether. InputError: it cannot be had here.
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
        "hides the host", uid not in ("0", "?") and sees_host == "False", f"a file of ours is there: {sees_host}"
    )


def _limits(sandbox: Sandbox) -> Iterator[SandboxFinding]:
    for name, (source, wanted) in BREACHES.items():
        ended = sandbox.run(Program(source), QUICK)
        seen = f"{ended.status} after {ended.wall_s:.2f} s"
        yield SandboxFinding(f"enforces {name}", ended.status is wanted, seen, optional=name not in ended.enforced)


def _languages(sandbox: Sandbox) -> Iterator[SandboxFinding]:
    for name, source in HELLO.items():
        ok, seen = _said(lambda source=source, name=name: sandbox.run(Program(source, name), Limits()))  # type: ignore[misc]
        yield SandboxFinding(LANGUAGES[name].title, ok, seen, optional=name != "python")


def _said(run: Callable[[], Execution]) -> tuple[bool, str]:
    try:
        ended = run()
    except InputError as error:
        return False, str(error)
    return ended.stdout == "hello\n", f"{ended.status} in {ended.wall_s:.2f} s"
