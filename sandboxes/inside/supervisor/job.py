"""One job of a supervisor: starts its children, listens to them, ends them in time, and gathers the facts."""

import base64
import fcntl
import json
import os
import selectors
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rft.sandboxes.inside.child.confine import UNSAFE
from rft.sandboxes.inside.supervisor.counters import Counters
from rft.sandboxes.inside.supervisor.observed import Child, Stream
from rft.sandboxes.inside.supervisor.standing import Standing
from rft.sandboxes.inside.supervisor.zygotes import SupervisorError, ZygoteControl, Zygotes

TESTER_LIMITS = {"memory_mib": 1024, "disk_mib": 16, "processes": 16, "cpu_s": 3600}
"""What tests get, whatever the candidate has: it must not starve its examiner. Their time is the candidate's."""
TESTER_SPARE_S = 2.0
"""Longer than the candidate the tester may run, so that its last word is heard."""
LEAVE_S = 0.1
"""Time for a candidate to end when its tester has; then it is killed."""
MAX_REPORT = 1 << 20
START_S = 20.0
"""Time for a child to confine itself; generous, since a busy machine is not the candidate's fault."""
END_S = 20.0
"""Time for killed processes to be gone."""
MAX_STARVED = 3.0
"""A program that had to wait for a processor gets so many times its wall limit at most."""
WATCH_S = 0.02
"""How often memory is looked at where no control group of its own bounds it."""
STALLED_S = 1.0
"""Woken so much too late, we were stopped (a paused container, a sleeping machine), and the programs with us."""
SHOT_S = 0.25
"""The kernel kills no first process that has used less processor time than this, except for memory."""
SPARE_MIB = 64
"""What an interpreter takes itself, and what its processes share."""


class Job:
    """Runs one job to its end."""

    def __init__(
        self, job: dict[str, Any], zygotes: Zygotes, standing: Standing, counters: Counters, owner: int
    ) -> None:
        """Takes a job; ``owner`` is the stream it came from, on which nothing but its end can come meanwhile."""
        self._job, self._zygotes, self._standing, self._counters = job, zygotes, standing, counters
        self._limits: dict[str, Any] = job["limits"]
        self._tester_limits = {**self._limits, **TESTER_LIMITS}
        self._closing = ExitStack()
        self._selector = self._closing.enter_context(selectors.EpollSelector())
        self._selector.register(owner, selectors.EVENT_READ, (_abandoned,))
        self._children: dict[str, Child] = {}
        self._next: socket.socket | None = None
        """Where the tester is given its next candidate."""

    def run(self) -> dict[str, Any]:
        """Returns the facts.

        Raises:
            SupervisorError: something failed on our side. OSError: likewise.
        """
        with self._closing:
            before = self._counters.read()
            self._before_mib = self._counters.memory_mib() or 0.0
            try:
                self._start()
                self._listen()
            except BaseException:
                for child in self._children.values():
                    child.kill("fault")
                    child.closing.close()
                raise
            after = self._counters.read()
            if "oom_kill" in after and after["oom_kill"] == before["oom_kill"]:
                self._check_shots()
            facts: dict[str, Any] = {name: child.facts() for name, child in self._children.items()}
            self._let_go()
        for found in facts.values():  # they share the bounds: what one took, the other may have died of
            found |= {name: after[name] - before[name] for name in after}
        if "tester" in facts:
            told = _parsed(base64.b64decode(facts["tester"].pop("report")))
            found = told.get("report") if "again" in told else told  # a JavaScript tester never stays
            facts["report"] = found if isinstance(found, dict) and "passed" in found else None
        return facts

    # -- starting

    def _start(self) -> None:
        payloads = {name: json.dumps(payload).encode() for name, payload in self._job["children"].items()}
        ends: dict[str, socket.socket] = {}
        if len(payloads) == 2:
            ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            ends = dict(zip(payloads, map(self._closing.enter_context, ours), strict=True))
        for name, payload in payloads.items():
            zygote = self._zygotes.get(name, self._job.get("preload" if name == "candidate" else "tester_preload", []))
            if name != "tester" or not self._rejoin(zygote, payload, ends[name]):
                self._spawn(name, zygote, payload, ends.get(name))
        for end in ends.values():  # only the children hold them now, so that each sees the other's end
            end.close()

    def _spawn(self, name: str, zygote: ZygoteControl, payload: bytes, rpc: socket.socket | None) -> None:
        """Has a child forked."""
        limits = self._limits if name == "candidate" else self._tester_limits
        self._children[name] = child = Child(name, zygote, limits)
        with ExitStack() as theirs:
            fds = dict(self._descriptors(child, payload, theirs))
            if rpc is not None:
                fds["rpc"] = rpc.fileno()
            order: dict[str, Any] = {"fds": list(fds), "limits": limits}
            if self._zygotes.mode == UNSAFE:
                child.folder = order["folder"] = child.closing.enter_context(_folder())
            zygote.order(order, list(fds.values()))
        self._hear_of(child)

    def _rejoin(self, zygote: ZygoteControl, payload: bytes, rpc: socket.socket) -> bool:
        """Hands the exam to the tester that waits for one, if there is any that may take it."""
        if self._job["children"]["tester"]["mode"] != "exam":
            self._standing.dismiss()  # a program of another language is to be forked in its place
            return False
        with ExitStack() as theirs:
            ours, report = _pipe(self._closing, theirs)
            exam = theirs.enter_context(_memory("exam", payload))
            found = self._standing.rejoin(zygote, [exam, rpc.fileno(), report], self._tester_limits)
        if found is None:
            return False
        child, self._next = found
        self._children["tester"] = child
        child.streams["report"] = Stream(ours, MAX_REPORT)
        self._hear_of(child)
        return True

    def _descriptors(self, child: Child, payload: bytes, theirs: ExitStack) -> Iterator[tuple[str, int]]:
        """What a child gets, by name; our ends are kept, theirs are closed when they are sent."""
        yield "payload", theirs.enter_context(_memory("payload", payload))
        stdin = self._job.get("stdin", "") if child.name == "candidate" else ""
        yield "stdin", theirs.enter_context(_memory("stdin", stdin.encode("utf-8", "replace")) if stdin else _nothing())
        limit = self._limits["output_kib"] << 10
        names = {"stdout": limit, "stderr": limit} | ({"report": MAX_REPORT} if child.name == "tester" else {})
        for name, size in names.items():
            ours, theirs_fd = _pipe(child.closing, theirs)
            child.streams[name] = Stream(ours, size)
            yield name, theirs_fd
        if self._job["children"][child.name].get("keep"):
            child.artifact = os.memfd_create("artifact", os.MFD_CLOEXEC)
            child.closing.callback(os.close, child.artifact)
            yield "artifact", child.artifact
        if child.name == "tester":
            ours_end, theirs_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._next = child.closing.enter_context(ours_end)
            yield "next", theirs.enter_context(theirs_end).fileno()
        child.gate, theirs_fd = _pipe(child.closing, theirs)
        self._selector.register(child.gate, selectors.EVENT_READ, (self._begun, child))
        yield "gate", theirs_fd

    def _hear_of(self, child: Child) -> None:
        for stream in child.streams.values():
            self._selector.register(stream.fd, selectors.EVENT_READ, (self._take, child, stream))
        self._selector.register(child.zygote.control, selectors.EVENT_READ, (self._hear, child))

    def _let_go(self) -> None:
        """Keeps a tester that is ready for the next candidate; closes what belongs to the other children."""
        for child in self._children.values():
            if child.stands and self._next is not None:
                self._standing.keep(child, self._next)
            else:
                child.closing.close()

    # -- listening

    def _listen(self) -> None:
        started = time.monotonic()
        deadline = started + START_S
        while not all(child.is_done for child in self._children.values()):
            until = min(deadline, time.monotonic() + STALLED_S)
            events = self._selector.select(max(0.0, until - time.monotonic()))
            if (late := time.monotonic() - until) > STALLED_S:
                self._forgive(late)
            for key, _ in events:
                handler, *arguments = key.data
                handler(*arguments)
            deadline = self._deadline(started)
        for child in self._children.values():
            if not child.stands:
                for stream in child.streams.values():
                    stream.drain()

    def _forgive(self, stalled_s: float) -> None:
        """Does not count time in which nothing could run."""
        for child in self._children.values():
            child.began += stalled_s if child.began else 0.0

    def _check_shots(self) -> None:
        """The first process of a namespace can't be killed from within it, and a limit would have shown."""
        for child in self._children.values():
            ended = child.ended or {}
            shot = child.killed is None and ended["status"] == signal.SIGKILL and ended["cpu_s"] < SHOT_S
            if shot and self._zygotes.mode != UNSAFE:
                raise SupervisorError(f"the {child.name} was killed from outside")

    def _deadline(self, started: float) -> float:
        """When to look again; kills what has run out of time."""
        now, deadlines = time.monotonic(), []
        for child in self._children.values():
            if child.ended is not None:
                continue
            if child.killed is not None:
                if now > child.began + child.wall_s + END_S:
                    raise SupervisorError(f"the {child.name} could not be killed")
                deadlines.append(child.began + child.wall_s + END_S)
            elif not child.began or child.pidfd is None:  # its own word may come before its zygote's
                if now > started + START_S:
                    raise SupervisorError(f"the {child.name} did not start within {START_S:g} s")
                deadlines.append(started + START_S)
            else:
                deadlines.append(self._due(child, now))
                if not self._job.get("bounded"):
                    deadlines.append(self._weighed(child, now))
        return min(deadlines, default=now + WATCH_S)

    def _weighed(self, child: Child, now: float) -> float:
        """Looks at the memory of all its processes together, where nothing bounds that; kills what has too much."""
        if now >= child.weighed + WATCH_S:
            child.weighed = now
            held = self._counters.memory_mib()
            used = child.resident_mib() if held is None else held - self._before_mib
            if child.name == "candidate" and used > child.limits["memory_mib"] + SPARE_MIB:
                self._kill(child, "memory")
        return now + WATCH_S

    def _due(self, child: Child, now: float) -> float:
        """When a running child's time is up; if it is, kills it."""
        if child.dismissed is not None:  # it ends by itself when its tester hangs up, or has just died of a limit
            if now >= child.dismissed + LEAVE_S:
                self._kill(child, "done")
            return child.dismissed + LEAVE_S
        allowed = float(self._limits["wall_s"])
        if child.name == "tester":  # it ends with the candidate, whose time is the time of both
            candidate = self._children["candidate"]
            if candidate.ended is None:
                return now + END_S
            allowed = candidate.began + candidate.wall_s + TESTER_SPARE_S - child.began
        if now >= child.began + allowed:
            allowed = min(allowed + child.starved_s(), allowed * MAX_STARVED)
            if now >= child.began + allowed:
                self._kill(child, "wall")
                return now + END_S
        return child.began + allowed

    def _kill(self, child: Child, why: str) -> None:
        child.kill(why)
        if child.killed is not None:
            child.wall_s = time.monotonic() - child.began

    def _hear(self, child: Child) -> None:
        """A zygote says that its child was started, or how it ended."""
        said, fds = child.zygote.answer()
        if "started" in said:
            child.pidfd, *private = fds
            child.private = private[0] if private else None
            for fd in fds:
                child.closing.callback(os.close, fd)
            if child.pending is not None:
                self._kill(child, child.pending)
            return
        child.ended, child.stands = {**said, "cpu_s": said["cpu_s"] - child.spent_s}, False
        self._selector.unregister(child.zygote.control)
        child.wall_s = child.wall_s or (time.monotonic() - child.began)
        if not child.began:  # either nobody has read its word yet, or it died before it could say it
            self._begun(child)
        if not child.began:
            child.streams["stderr"].drain()
            last = child.streams["stderr"].data.decode(errors="replace").strip()
            raise SupervisorError(f"the {child.name} could not be confined (status {said['status']}): {last}")
        if child.name == "tester":
            self._children["candidate"].dismissed = time.monotonic()

    def _begun(self, child: Child) -> None:
        """A child has confined itself and begins, or died before it could."""
        if child.gate is None:
            return
        gate, child.gate = child.gate, None
        self._selector.unregister(gate)
        if os.read(gate, 64):
            child.began = time.monotonic()

    def _take(self, child: Child, stream: Stream) -> None:
        if not stream.read():
            self._selector.unregister(stream.fd)
            if stream.truncated:
                self._kill(child, "output")
            elif stream is child.streams.get("report"):
                self._reported(child, stream.data)

    def _reported(self, child: Child, report: bytes) -> None:
        """A tester has said all; one that can examine the next candidate stays, any other ends by itself."""
        told = _parsed(report)
        total_s = told.get("cpu_s")
        if told.get("again") is True and isinstance(total_s, float) and child.ended is None and child.killed is None:
            child.stands = True
            child.wall_s = time.monotonic() - child.began
            child.ended = {"status": 0, "cpu_s": total_s - child.spent_s, "peak_mib": 0.0}
            child.spent_s = total_s
            self._children["candidate"].dismissed = time.monotonic()


def _abandoned() -> None:
    raise SupervisorError("nobody waits for the answer any more")


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="rft-unsafe-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _nothing() -> Iterator[int]:
    fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _memory(name: str, data: bytes) -> Iterator[int]:
    """A sealed file in memory, at its beginning."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.lseek(fd, 0, os.SEEK_SET)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        yield fd
    finally:
        os.close(fd)


def _pipe(ours: ExitStack, theirs: ExitStack) -> tuple[int, int]:
    """A pipe to read from here and to be written over there."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    ours.callback(os.close, reading)
    theirs.callback(os.close, writing)
    return reading, writing


def _parsed(report: bytes) -> dict[str, Any]:
    """What a tester said; nothing, where it was cut short."""
    try:
        told = json.loads(report)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
