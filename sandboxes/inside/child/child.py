"""What a zygote's child does: confines itself, says so, reads its program and becomes it.

Descriptors, once it is confined: 0 to 2 as the order says, 3 the socket to the other side of an examination, 4 where a
tester reports, 8 where it is given the next candidate. The payload's ``mode`` says what it is:

    script   {"source"}                            Python, as a program
    module   {"source", "entry_point", …}          Python, as a candidate that is called over the socket
    exam     {"exam": {…}}                         the tests of a candidate
    exec     {"files", "argv", "env", "keep"}      any program; with ``keep`` (compiling) that file goes to descriptor 5
"""

import base64
import json
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from rft.sandboxes.inside import frames
from rft.sandboxes.inside.child import confine, script
from rft.sandboxes.inside.exam import candidate, examiner

PLACES = ("stdin", "stdout", "stderr", "rpc", "report", "artifact", "payload", "gate", "next")
"""What a child may get, each at its own descriptor number."""
STDERR, RPC, REPORT, ARTIFACT, PAYLOAD, GATE, NEXT = range(2, len(PLACES))
INHERITED = ("stdin", "stdout", "stderr", "rpc", "report")
"""What a program that is executed keeps."""
MAX_DESCRIPTORS = 1024
CANNOT_START = 127
"""Exit status of a child whose program cannot be started, as shells have it."""
MAX_ARTIFACT = 32 << 20
"""Bytes of a compiled program; it travels as base64, in a message of ``supervisor.MAX_JOB`` at most."""


def begin(order: Mapping[str, Any], fds: list[int], limits: confine.Rlimits, syscalls: bytes) -> NoReturn:
    """Never returns: the process ends as its program does. What fails before the gate is our fault, not its."""
    status = CANNOT_START
    try:
        _place(dict(zip(order["fds"], fds, strict=True)))
        os.setsid()
        if "folder" in order:
            confine.enter_folder(order["folder"])
        else:
            confine.show_own_processes()
        confine.set_limits(limits)
        confine.renounce(syscalls)
        os.write(GATE, b"confined")
        os.close(GATE)
        payload = json.loads(frames.read_memory(PAYLOAD))
        os.close(PAYLOAD)
        status = _become(payload)
    except Exception as error:  # the last line of a process: whatever it is, it must be said somewhere
        os.write(STDERR, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(status)


def _place(named: dict[str, int]) -> None:
    """Gives every descriptor its number, one that it cannot have had before (see ``zygote``); closes all others."""
    for number, name in enumerate(PLACES):
        if name in named:
            os.dup2(named[name], number, inheritable=name in INHERITED)
        else:
            os.close(number)
    os.closerange(len(PLACES), MAX_DESCRIPTORS)


def _become(payload: dict[str, Any]) -> int:
    match payload.pop("mode"):
        case "script":
            return script.run(payload["source"])
        case "module":
            candidate.serve(payload, socket.socket(fileno=RPC))
            return 0
        case "exam":
            return examiner.serve(payload["exam"], RPC, REPORT, socket.socket(fileno=NEXT))
        case "exec":
            return _exec(payload)
        case other:
            raise ValueError(f"unknown mode {other!r}")


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
