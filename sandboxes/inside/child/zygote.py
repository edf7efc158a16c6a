"""A warm interpreter that forks a child into fresh namespaces for every order, and never sees what the child runs.

An order comes as one packet with descriptors on the control socket; the program itself is in one of them and is read
by the child alone, after it has confined itself. So what a child inherits is this module and the standard library, and
no trace of any other program. Candidates and testers have a zygote each.

    order   {"fds": ["payload", "stdin", "stdout", "stderr", "gate", …], "limits": {…}}    + those descriptors
    answer  {"started": true} + a pidfd, then {"status": wait status, "cpu_s": …, "peak_mib": …}; or {"fault": "…"}
"""

import gc
import importlib
import json
import os
import signal
import site
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[4]))  # rft is not installed inside

from rft.sandboxes.inside.child import child, confine, kernel, rehearsal, seccomp
from rft.sandboxes.inside.child.confine import ISOLATED, PACKAGES

HOME = {"pid": kernel.CLONE_NEWPID, "mnt": kernel.CLONE_NEWNS, "ipc": kernel.CLONE_NEWIPC, "uts": kernel.CLONE_NEWUTS}
"""The namespaces that a zygote comes back to after each fork."""
MAX_ORDER = 1 << 16
WARM = ["ast", "bisect", "collections", "copy", "datetime", "functools", "heapq", "itertools", "json", "math"]
WARM += ["operator", "re", "string", "time", "typing"]
"""Modules that programs use often; a child finds them loaded. Few, since every page of them makes a fork dearer; and
none that has something done in every child, as ``random`` and ``threading`` have."""


def main() -> None:
    """Serves orders until the control socket is closed. Arguments: its descriptor, the mode, modules to load."""
    control, isolated = socket.socket(fileno=int(sys.argv[1])), sys.argv[2] == ISOLATED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if isolated:
        _own_namespaces()
    elif os.fork():  # here too the one that was started ends at once
        os._exit(0)
    sys.path.extend([*(path for path in site.getsitepackages() if Path(path).is_dir()), PACKAGES])
    for name in WARM:
        importlib.import_module(name)
    for name in sys.argv[3:]:
        with suppress(ImportError):  # a program that needs it will say so itself
            importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    rehearsal.rehearse()
    zygote = Zygote(control, isolated)
    gc.collect()
    gc.freeze()
    pidfd = os.pidfd_open(os.getpid())
    socket.send_fds(control, [b'{"ready": true}'], [pidfd])
    os.close(pidfd)
    while zygote.serve():
        pass


def _own_namespaces() -> None:
    """Becomes the first process of a pid namespace in a user namespace of its own, where it may make further ones."""
    confine.become_mapped(kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | confine.FRESH, os.getuid(), os.getgid())
    if os.fork():
        os._exit(0)
    kernel.narrow_capabilities()
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    with suppress(PermissionError):  # a container's masked /proc stays; it is enough here
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV)


def _occupy(n: int) -> None:
    """Takes the first n descriptor numbers, so that those which come with an order get others (see ``child``)."""
    while os.dup(0) < n:
        pass


class Zygote:
    """Forks one child at a time and says how it ended."""

    def __init__(self, control: socket.socket, isolated: bool) -> None:
        self._control, self._isolated = control, isolated
        self._home = {os.open(f"/proc/self/ns/{name}", os.O_RDONLY): kind for name, kind in HOME.items()}
        self._syscalls = seccomp.program(os.uname().machine)
        self._interpreter = confine.footprint()
        self._message, self._order, self._limits = b"", dict[str, Any](), confine.Rlimits()
        _occupy(len(child.PLACES))

    def serve(self) -> bool:
        """Serves one order; False when there will be no more."""
        message, fds, _, _ = socket.recv_fds(self._control, MAX_ORDER, 16)
        if not message:
            return False
        if message != self._message:  # most are like the one before
            self._message, self._order = message, json.loads(message)
            self._limits = confine.rlimits(self._order["limits"], self._interpreter)
        order = self._order
        try:
            private = [self._leave(order["limits"])] if self._isolated else []
            pid = os.fork()
            if pid == 0:
                child.begin(order, fds, self._limits, self._syscalls)
            self._return()
        except OSError as error:
            self._answer(fault=f"cannot fork: {error}")
            return False  # in doubt where the next ones would be: the supervisor starts another
        pidfd = os.pidfd_open(pid)
        socket.send_fds(self._control, [b'{"started": true}'], [pidfd, *private])
        for fd in (*fds, *private, pidfd):
            os.close(fd)
        _, status, used = os.wait4(pid, 0)
        self._answer(status=status, cpu_s=used.ru_utime + used.ru_stime, peak_mib=used.ru_maxrss / 1024)
        return True

    def _leave(self, limits: dict[str, Any]) -> int:
        """Moves to fresh namespaces, where the child will be forked; returns a descriptor of its private folder."""
        kernel.unshare(kernel.CLONE_NEWPID)
        return confine.furnish(limits)

    def _return(self) -> None:
        """Comes back from there: what a child did to its namespaces goes with it."""
        if self._isolated:
            for fd, kind in self._home.items():
                kernel.setns(fd, kind)

    def _answer(self, **facts: Any) -> None:
        self._control.send(json.dumps(facts).encode())


if __name__ == "__main__":
    main()
