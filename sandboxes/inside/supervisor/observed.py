"""A supervisor's view of one child: its pipes, how it is killed, and the facts that are left when it has ended."""

import base64
import os
import resource
import select
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rft.sandboxes.inside import frames
from rft.sandboxes.inside.supervisor.zygotes import ZygoteControl


class Stream:
    """Collects what comes out of a pipe, up to a limit."""

    def __init__(self, fd: int, limit: int) -> None:
        self.fd, self._limit = fd, limit
        self.parts: list[bytes] = []
        self.size = 0
        self.truncated = False

    def read(self) -> bool:
        """Takes what is there; False at the end of the stream, or once there was too much."""
        part = os.read(self.fd, 1 << 16)
        room = self._limit - self.size
        self.parts.append(part[:room])
        self.size += min(len(part), room)
        self.truncated = len(part) > room
        return bool(part) and not self.truncated

    def drain(self) -> None:
        """Takes the rest, once nobody writes any more."""
        while not self.truncated and self.read() and self.parts[-1]:
            pass

    def begin_anew(self, limit: int) -> None:
        """Forgets what came, and what is there."""
        self._limit = limit
        while select.select([self.fd], [], [], 0)[0] and os.read(self.fd, 1 << 16):
            pass
        self.parts, self.size, self.truncated = [], 0, False

    @property
    def data(self) -> bytes:
        """What came, at most the limit."""
        return b"".join(self.parts)


class Child:
    """One child: its zygote, its pipes and what is known of it."""

    def __init__(self, name: str, zygote: ZygoteControl, limits: dict[str, Any]) -> None:
        self.name, self.zygote, self.limits = name, zygote, limits
        self.closing = ExitStack()
        """Our ends of its descriptors, closed when it is done with."""
        self.streams: dict[str, Stream] = {}
        self.gate: int | None = None
        self.pidfd: int | None = None
        self.private: int | None = None
        self.artifact: int | None = None
        self.folder: str | None = None
        """Where it works in the mode without namespaces."""
        self.began = 0.0
        self.weighed = 0.0
        self.dismissed: float | None = None
        """When its tester ended."""
        self.wall_s = 0.0
        self.killed: str | None = None
        self.pending: str | None = None
        """Why it is to be killed."""
        self.ended: dict[str, Any] | None = None
        self.stands = False
        """Whether it has reported and waits for the next candidate."""
        self.n_exams = 0
        self.spent_s = 0.0
        """Processor time that it took in earlier exams."""

    @property
    def is_done(self) -> bool:
        """Whether it has ended, or stands; its report may come before its zygote's word that it was started."""
        return self.ended is not None and self.pidfd is not None

    def again(self, limits: dict[str, Any]) -> None:
        """Forgets what is known of the last job of a child that goes on."""
        self.limits = limits
        self.began, self.wall_s, self.weighed = time.monotonic(), 0.0, 0.0
        self.ended = self.killed = None
        self.stands = False
        for name in ("stdout", "stderr"):
            self.streams[name].begin_anew(limits["output_kib"] << 10)

    def kill(self, why: str) -> None:
        """Kills everything in the child's namespace, once; as soon as its zygote has said which process it is."""
        if self.pidfd is None:
            self.pending = why
        elif self.ended is None and self.killed is None:
            self.killed = why
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
                if self.folder is not None:  # no namespace ends with it; its session at least shall
                    os.killpg(int(self._pid()), signal.SIGKILL)

    def starved_s(self) -> float:
        """Seconds that the program waited for a processor while it could have run; 0 where the kernel does not tell."""
        with suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{self._pid()}/schedstat").read_text("ascii").split()[1]) / 1e9
        return 0.0

    def resident_mib(self) -> float:
        """Memory of the program and its descendants, in MiB; pages that several share count once for each."""
        total, todo = 0, [self._pid()]
        while todo:
            pid = todo.pop()
            with suppress(OSError, ValueError, IndexError):  # it has just ended
                total += int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
                todo += Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        return total * resource.getpagesize() / (1 << 20)

    def _pid(self) -> str:
        """The process's number here; it has another one in its own namespace."""
        info = Path(f"/proc/self/fdinfo/{self.pidfd}").read_text("ascii")
        return next(line.split()[1] for line in info.splitlines() if line.startswith("Pid:"))

    def facts(self) -> dict[str, Any]:
        """Returns what is known once the child has ended."""
        assert self.ended is not None
        streams = {name: base64.b64encode(stream.data).decode() for name, stream in self.streams.items()}
        cut = [name for name, stream in self.streams.items() if stream.truncated]
        facts = {**self.ended, **streams, "truncated": cut, "killed": self.killed, "wall_s": self.wall_s}
        if self.private is not None and self.folder is None:
            disk = os.fstatvfs(self.private)
            facts["disk_full"] = disk.f_bavail == 0 or disk.f_favail == 0
        if self.artifact is not None:
            facts["artifact"] = base64.b64encode(frames.read_memory(self.artifact)).decode()
        return facts
