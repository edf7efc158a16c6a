"""What a zygote's child does: confines itself, says so, reads its program and becomes it.

Descriptors, once it is confined: 0 to 2 as the order says, 3 the socket to the other side of an examination, 4 where a
tester reports, 8 where it is given the next candidate of the same problem. The payload's ``mode`` says what it is:

    script   {"source"}                            Python, as a program
    module   {"source", "entry_point", …}          Python, as a candidate that is called over the socket
    exam     {"exam": {…}}                         the tests of a candidate
    exec     {"files", "argv", "env", "keep"}      any program; with ``keep`` (compiling) that file goes to descriptor 5
"""

import base64
import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from rft.sandboxes.inside import candidate, confine, script, tester

RPC, REPORT, ARTIFACT, PAYLOAD, GATE, NEXT = 3, 4, 5, 6, 7, 8
_PLACES = {
    "stdin": 0,
    "stdout": 1,
    "stderr": 2,
    "rpc": RPC,
    "report": REPORT,
    "artifact": ARTIFACT,
    "payload": PAYLOAD,
    "next": NEXT,
}
INHERITED = ("stdin", "stdout", "stderr", "rpc", "report")
"""What a program that is executed keeps."""
ORDINARY = (None, "wrong", "raised", "load", "missing")
"""Kinds of failure after which a tester may go on: the candidate was wrong, and nothing else."""
_FIRST_FREE = 64
"""Descriptors are put out of the way to here before each gets its place."""
CANNOT_START = 127
"""Exit status of a child whose program cannot be started, as shells have it."""
MAX_ARTIFACT = 32 << 20
"""Bytes of a compiled program; it travels as base64, in a message of ``supervisor.MAX_JOB`` at most."""


def begin(order: Mapping[str, Any], fds: list[int], interpreter: Mapping[str, int], syscalls: bytes) -> NoReturn:
    """Never returns: the process ends as its program does. What fails before the gate is our fault, not its."""
    status = CANNOT_START
    try:
        gate = _place(dict(zip(order["fds"], fds, strict=True)))
        os.setsid()
        if "folder" in order:
            confine.enter_folder(order["folder"])
        else:
            confine.show_own_processes()
        confine.set_limits(order["limits"], interpreter)
        confine.renounce(syscalls)
        os.write(gate, b"confined")
        os.close(gate)
        status = _become(json.loads(_read(PAYLOAD)))
    except Exception as error:  # the last line of a process: whatever it is, it must be said somewhere
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(status)


def _place(named: dict[str, int]) -> int:
    """Gives every descriptor its number and closes all others; returns the gate."""
    moved = {name: fcntl.fcntl(fd, fcntl.F_DUPFD, _FIRST_FREE) for name, fd in named.items()}
    gate = moved.pop("gate")
    for name, number in _PLACES.items():
        if name in moved:
            os.dup2(moved[name], number, inheritable=name in INHERITED)
        else:
            with suppress(OSError):  # it was not open
                os.close(number)
    os.dup2(gate, GATE, inheritable=False)
    os.closerange(NEXT + 1, 1024)
    return GATE


def _read(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return file.read()


def _become(payload: dict[str, Any]) -> int:
    match payload.pop("mode"):
        case "script":
            return script.run(payload["source"])
        case "module":
            candidate.serve(payload, socket.socket(fileno=RPC))
            return 0
        case "exam":
            _examine_all(payload["exam"])
            return 0
        case "exec":
            return _exec(payload)
        case other:
            raise ValueError(f"unknown mode {other!r}")


def _examine_all(exam: dict[str, Any]) -> None:
    """Examines a candidate, and further ones as long as they are ordinary and nothing of one can be left for the next.

    Call cases are compared by us alone. A test program may change what outlives it (the precision of ``decimal``, a
    seed), so it gets a process for every candidate.
    """
    rpc, report = RPC, REPORT
    pure = "calls" in exam and not exam.get("setup")
    with socket.socket(fileno=NEXT) as following:
        while True:
            began = time.process_time()
            with socket.socket(fileno=rpc) as candidate_side:
                found = tester.examine(exam, candidate_side)
            again = pure and not found["objects"] and not found["forgeable"] and _kind(found) in ORDINARY
            told = {"report": found, "again": again, "cpu_s": time.process_time() - began}
            with os.fdopen(report, "wb") as out:
                out.write(json.dumps(told).encode())
            if not again:
                return
            message, fds, _, _ = socket.recv_fds(following, 16, 2)
            if not message:
                return
            rpc, report = fds


def _kind(report: dict[str, Any]) -> object:
    return report["failure"] and report["failure"]["kind"]


def _exec(payload: dict[str, Any]) -> int:
    for name, text in payload.get("files", {}).items():
        Path(name).write_text(text, "utf-8", errors="surrogateescape")
    if payload.get("artifact"):
        Path("program").write_bytes(base64.b64decode(payload["artifact"]))
        Path("program").chmod(0o755)
    argv, keep = payload["argv"], payload.get("keep")
    os.environ.update(payload.get("env", {}))  # PATH too, by which the command is looked up
    if keep is None:
        os.execvp(argv[0], argv)
    status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)[1])
    if status == 0:
        _keep(keep)
    return status if status >= 0 else 128 - status


def _keep(name: str) -> None:
    """Hands over a file that a compiler wrote; whatever else it may be is left alone."""
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_ARTIFACT:
        raise ValueError(f"the compiler's output is no file, or larger than {MAX_ARTIFACT} bytes")
    while sent := os.sendfile(ARTIFACT, fd, None, 1 << 20):
        del sent
