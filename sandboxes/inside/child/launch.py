"""Builds a local sandbox around the process that it is and becomes the supervisor in it.

    python -I -S -B launch.py '{"binds": [[from, to], …], "links": [[target, place], …], "covered": [place, …],
                                "uid": 231072, "slot": "0/2", "join": [cgroup.procs, …],
                                "counters": {field: file, …}}'

Started as root it puts the sandbox under an unused host user; started as anyone else, under that user, in a user
namespace of its own. Either way nothing inside is root, nothing inside has a capability outside of its own namespaces,
and the only files are read-only binds of what the languages need. It stays behind as a parent that does nothing but
wait; when it is killed, the kernel kills everything inside.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[4]))  # run by path: the sandbox holds no installed package

from rft.sandboxes.inside.child import kernel
from rft.sandboxes.inside.child.confine import ENVIRONMENT, INSIDE, ISOLATED, PROBE, become_mapped, cover

UID = 1000
"""User and group inside."""
ROOT = "/tmp"  # any folder that exists everywhere; in this process's mount namespace it becomes the new root
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_READ_ONLY = kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
_LOCKED = os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
"""Mount flags that have the same value for mount(2) as for statvfs(3)."""
_NAMESPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
)


def main() -> None:
    """Exits as the supervisor does; asked to probe, returns if the kernel lets us make namespaces."""
    if sys.argv[1] == PROBE:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | _NAMESPACES)
        Path("/proc/self/setgroups").write_text("deny")
        kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
        return
    plan = json.loads(sys.argv[1])
    for procs in plan["join"]:
        Path(procs).write_text("0")
    counters = {field: os.open(path, os.O_RDONLY) for field, path in plan["counters"].items()}
    os.umask(0o022)
    as_root = os.geteuid() == 0
    if as_root:
        kernel.unshare(kernel.CLONE_NEWPID)
    else:
        become_mapped(kernel.CLONE_NEWPID, UID, UID)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _inside(plan, counters, theirs if as_root else None)
    theirs.close()
    if as_root and ours.recv(1):
        _map(pid, plan["uid"])
        ours.send(b"m")
    for name in (0, 1):
        os.close(name)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)


def _map(pid: int, uid: int) -> None:
    Path(f"/proc/{pid}/uid_map").write_text(f"{UID} {uid} 1")
    Path(f"/proc/{pid}/gid_map").write_text(f"{UID} {uid} 1")


def _inside(plan: Mapping[str, Any], counters: Mapping[str, int], parent: socket.socket | None) -> None:
    """The first process of the new pid namespace."""
    kernel.unshare(kernel.CLONE_NEWNS)
    _build_root(plan["binds"], plan["links"], plan["covered"])
    if parent is None:
        kernel.unshare(_NAMESPACES)
    else:
        os.setgroups([])
        kernel.unshare(kernel.CLONE_NEWUSER | _NAMESPACES)
        parent.send(b"u")
        if not parent.recv(1):
            sys.exit(1)
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):
        socket.sethostname("sandbox")
    for fd in counters.values():
        os.set_inheritable(fd, True)
    os.setsid()
    supervisor = [f"{INSIDE}/supervisor/supervisor.py", json.dumps(counters), ISOLATED, plan["slot"]]
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-B", *supervisor], ENVIRONMENT)


def _build_root(binds: list[list[str]], links: list[list[str]], covered: list[str]) -> None:
    """Makes a root of binds (except what is covered), links, a few devices and an empty /tmp, and moves there."""
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    devices = [[f"/dev/{name}", f"/dev/{name}"] for name in DEVICES]
    # opened first: a source may lie below the folder that becomes the root
    opened = [(os.open(source, os.O_PATH), target) for source, target in [*binds, *devices]]
    kernel.mount("tmpfs", ROOT, "tmpfs", kernel.MS_NOSUID, "size=1m,mode=755")
    for fd, target in opened:
        _bind(fd, ROOT + target)
        os.close(fd)
    for place in covered:
        cover(ROOT + place)
    for target, place in [*links, *([target, f"/dev/{name}"] for name, target in LINKS.items())]:
        os.symlink(target, ROOT + place)
    for folder in ("/tmp", "/proc", "/dev/shm", "/etc", "/old"):
        os.makedirs(ROOT + folder, exist_ok=True)
    Path(f"{ROOT}/etc/passwd").write_text(f"sandbox:x:{UID}:{UID}::/tmp/work:/bin/false\n")
    kernel.mount("proc", f"{ROOT}/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV)
    kernel.pivot_root(ROOT, f"{ROOT}/old")
    os.chdir("/")
    kernel.unmount("/old")
    os.rmdir("/old")
    kernel.mount("", "/", flags=kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID)


def _bind(source: int, target: str) -> None:
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).touch()
    kernel.mount(f"/proc/self/fd/{source}", target, flags=kernel.MS_BIND | kernel.MS_REC)
    if not target.startswith(f"{ROOT}/dev/"):
        kept = os.statvfs(target).f_flag & _LOCKED  # in a user namespace the kernel insists on these
        kernel.mount("", target, flags=_READ_ONLY | kept)


if __name__ == "__main__":
    main()
