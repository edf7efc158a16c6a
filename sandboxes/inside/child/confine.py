"""How a child is confined before it reads one byte that is not ours.

It is the first process of a pid namespace of its own; when it ends, so does all that it started. Its zygote forks it
into fresh mount, ipc and host name namespaces with a private sized folder in memory (``furnish``; done there since a
page that a forked child writes is a page copied). The child itself takes limits, gives up every capability and the way
to new privileges, and puts itself under a filter on system calls. What stays open:
the kernel's remaining system calls, timing, and reading what the sandbox's root holds (interpreters and libraries).
"""

import math
import os
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rft.sandboxes.inside.child import kernel

ISOLATED, UNSAFE = "isolated", "unsafe"
"""Modes. Unsafe: on a kernel that offers no namespaces, when the user insists; see ``enter_folder``."""
ANYWHERE = "0/0"
"""In the place of a sandbox's number among others: one that does not keep to a processor."""
PROBE = "probe"
"""The argument with which ``launch`` only tries whether the kernel makes namespaces."""
PACKAGES = "/opt/rft/packages"
"""Where further packages lie in a local sandbox; a container has them installed."""
FRESH = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
"""Namespaces that every child has anew, beside that of its processes."""
INSIDE = "/opt/rft/rft/sandboxes/inside"
"""Where this package lies in a sandbox."""
PRIVATE = "/tmp"
WORK = "/tmp/work"
NOBODY = 65534
MAX_FILES = 4096
"""Files and folders in the private folder."""
MAX_OPEN = 256
"""Open descriptors of one process."""
STACK_MIB = 64
SPARE_SPACE = 512 << 20
"""Bytes of address space that may be reserved without being used: thread arenas, for instance."""
Rlimits = list[tuple[int, int]]
"""Pairs of a limit's number and its value, soft and hard."""
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": WORK,
    "TMPDIR": PRIVATE,
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def become_mapped(fresh: int, uid: int, gid: int) -> None:
    """Moves to fresh namespaces, one of them for users: there only the caller's own exists, by these numbers."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER | fresh)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")


def furnish(limits: Mapping[str, Any]) -> int:
    """Moves the process, and with it its children to come, to namespaces and files of their own.

    Returns:
        A descriptor of the private folder; it tells how full that was, also when all else is gone.
    """
    kernel.unshare(FRESH)
    options = f"size={limits['disk_mib']}m,nr_inodes={MAX_FILES},mode=755"
    kernel.mount("tmpfs", PRIVATE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    private = os.open(PRIVATE, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.mkdir(WORK)
    os.mkdir(f"{PRIVATE}/shm")
    kernel.mount(f"{PRIVATE}/shm", "/dev/shm", flags=kernel.MS_BIND)
    if os.path.exists("/sys/kernel"):  # a container's; ours has none
        cover("/sys")
    os.chdir(WORK)
    return private


def enter_folder(folder: str) -> None:
    """Without namespaces: moves to a folder, and to a user without rights if it may. Isolates nothing."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)


def show_own_processes() -> None:
    """Shows the program its own processes only; where the kernel refuses (a container's masked /proc), none at all."""
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(score, b"1000")  # when memory runs out, it is the program that goes, not its supervisor
    os.close(score)
    try:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_RDONLY, "subset=pid")
    except PermissionError:
        cover("/proc")


def cover(place: str) -> None:
    """Shows an empty folder in the place of another."""
    kernel.mount("tmpfs", place, "tmpfs", kernel.MS_RDONLY, "size=4k,nr_inodes=1")


def rlimits(limits: Mapping[str, Any], interpreter: Mapping[str, int]) -> Rlimits:
    """Returns the kernel's limits for a program.

    Args:
        limits: the fields of ``rft.types.Limits``, and ``data_only``: some runtimes reserve far more address space than
            they use, so that only their data is limited.
        interpreter: what the warm interpreter takes already, as ``footprint`` gives it.
    """
    cpu_s = max(1, math.ceil(limits["cpu_s"]))
    memory = (limits["memory_mib"] << 20) + interpreter["VmData"]
    space = 2 * memory + SPARE_SPACE + interpreter["VmSize"]
    wanted = {
        resource.RLIMIT_CPU: cpu_s,  # at the hard limit SIGKILL comes; the soft one's signal spares a first process
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_AS: resource.RLIM_INFINITY if limits.get("data_only") else space,
        resource.RLIMIT_STACK: STACK_MIB << 20,
        resource.RLIMIT_FSIZE: limits["disk_mib"] << 20,
        resource.RLIMIT_NOFILE: MAX_OPEN,
        resource.RLIMIT_NPROC: limits["processes"] + 1,  # the zygote counts too
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    return [(which, _allowed(which, value)) for which, value in wanted.items()]


def set_limits(limits: Rlimits) -> None:
    """Sets limits for good."""
    for which, value in limits:
        resource.setrlimit(which, (value, value))


def footprint() -> dict[str, int]:
    """Returns how many bytes of address space (VmSize) and of data (VmData) this process takes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) << 10 for name in ("VmSize", "VmData")}


def renounce(syscalls: bytes) -> None:
    """Gives up every privilege for good. Nothing that is not ours has run before; everything after is hostile."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    kernel.filter_syscalls(syscalls)


def _allowed(which: int, wanted: int) -> int:
    _, most = resource.getrlimit(which)
    if resource.RLIM_INFINITY in (wanted, most):
        return most if wanted == resource.RLIM_INFINITY else wanted
    return min(wanted, most)
