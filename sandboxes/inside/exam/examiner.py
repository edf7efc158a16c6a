"""A tester's life: one candidate after another, as long as nothing of one can be left for the next.

A process for each candidate's tests would cost more than most tests do. So a tester stays while what it ran was pure
(see ``purity``; call cases are compared by our own code) and the candidate's failure, if any, an ordinary one without
objects that live on. After anything else it ends, and the next candidate gets a fresh one.

    next    one byte, and descriptors: the payload, the socket to the candidate, where to report
    report  {"report": {…}, "again": whether it stays, "cpu_s": what it has taken so far}
"""

import json
import os
import resource
import socket
import time

from rft.sandboxes.inside import frames
from rft.sandboxes.inside.exam.tester import Exam
from rft.sandboxes.inside.exam.wire.plain import JSON

ORDINARY = ("wrong", "raised", "load", "missing")
"""Kinds of failure after which a tester may go on: the candidate was wrong, and nothing else."""
MAX_KIB = 64 << 10
"""Memory that a tester may have taken."""
MAX_KEPT = 1 << 16
"""Bytes of an exam that is kept for the next candidate of its problem."""


def serve(first: dict[str, JSON], rpc: int, report: int, following: socket.socket) -> int:
    """Examines the candidate behind a socket, then those that ``following`` brings; returns an exit status."""
    exam, known = Exam(first), dict[bytes, Exam]()
    while _examine(exam, rpc, report):
        message, fds, _, _ = socket.recv_fds(following, 16, 3)
        if not message:
            break
        payload, rpc, report = fds
        exam = _read(payload, known)
        if not exam.is_pure and (child := os.fork()):  # its clocks and counters begin with it; then we have had our day
            os.close(rpc)
            os.close(report)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return code if code >= 0 else 128 - code
    return 0


def _examine(exam: Exam, rpc: int, report: int) -> bool:
    """Reports on a candidate; returns whether another one may come."""
    with socket.socket(fileno=rpc) as candidate:
        found = exam.run(candidate)
    ordinary = found["failure"] is None or found["failure"]["kind"] in ORDINARY
    light = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MAX_KIB  # the next one shall not die of this one's
    again = exam.is_pure and ordinary and light and not found["objects"] and not found["forgeable"]
    told = {"report": found, "again": again, "cpu_s": time.process_time()}
    with os.fdopen(report, "wb") as out:
        out.write(json.dumps(told).encode())
    return again


def _read(fd: int, known: dict[bytes, Exam]) -> Exam:
    payload = frames.read_memory(fd)
    os.close(fd)
    if len(payload) > MAX_KEPT:
        return Exam(json.loads(payload)["exam"])
    if payload not in known:
        known[payload] = Exam(json.loads(payload)["exam"])
    return known[payload]
