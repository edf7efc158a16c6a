"""The rig for exams: a tester and its peer, each in a forked process, with nothing but the socket between them."""

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from rft.sandboxes.inside.exam import candidate, tester

Report = dict[str, Any]
Peer = Callable[[socket.socket], object]


def against(peer: Peer, exam: dict[str, Any]) -> Report:
    """Runs an exam against a peer that has the other end of the socket."""
    ours, theirs = socket.socketpair()
    read, write = os.pipe()

    def be_peer() -> None:
        ours.close()
        os.close(read)
        os.close(write)
        peer(theirs)

    def be_tester() -> None:
        theirs.close()
        os.close(read)
        with os.fdopen(write, "wb") as stream:
            stream.write(json.dumps(tester.examine(exam, ours)).encode())

    children = [_fork(be_peer), _fork(be_tester)]
    ours.close()
    theirs.close()
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        told = stream.read()
    for child in children:
        os.waitpid(child, 0)
    found: Report = json.loads(told)
    return found


def examined(source: str, program: str = "", entry_point: str | None = "f", **more: Any) -> Report:
    """Runs a test program against a real candidate."""
    exam = {"entry_point": entry_point, "program": program, **more}
    return against(lambda rpc: candidate.serve({"source": source, "entry_point": entry_point}, rpc), exam)


def called(source: str, *calls: dict[str, Any], entry_point: str = "f", **rules: Any) -> Report:
    """Runs call cases against a real candidate."""
    exam = {"entry_point": entry_point, "calls": list(calls), **rules}
    return against(lambda rpc: candidate.serve({"source": source, "entry_point": entry_point}, rpc), exam)


def _fork(action: Callable[[], None]) -> int:
    sys.stdout.flush()
    if (child := os.fork()) != 0:
        return child
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        action()
    finally:
        os._exit(0)
