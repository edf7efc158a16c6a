"""Control groups for local sandboxes: they bound the memory and the processes of all programs in a sandbox together.

They are available to root with version 1, or with version 2 where the process's own group hands out ``memory`` and
``pids``. Where they cannot, the limits of single processes still hold, and the supervisor watches memory.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")
PREFIX = "rft-"
SPARE_MIB = 224
"""What the supervisor, warm interpreters and a tester of one sandbox take together, in MiB."""
SPARE_PROCESSES = 24
END_S = 10.0


@dataclass(frozen=True)
class Cgroup:
    """The group of one sandbox: a folder per controller (version 1), or one folder (version 2)."""

    folders: dict[str, Path]
    """memory, pids -> folder."""

    @property
    def join(self) -> list[str]:
        """Files that a process writes "0" to, to become a member."""
        return sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})

    @property
    def counters(self) -> dict[str, str]:
        """Files that count what the limits refused (see ``rft.sandboxes.inside.supervisor.counters``)."""
        memory = self.folders["memory"]
        killed = memory / ("memory.events" if (memory / "memory.events").exists() else "memory.oom_control")
        return {"oom_kill": str(killed), "max": str(self.folders["pids"] / "pids.events")}

    def limit(self, memory_mib: int, processes: int) -> None:
        """Sets what all programs in the group may use together, on top of what the sandbox itself takes."""
        memory, pids = self.folders["memory"], self.folders["pids"]
        size = str((memory_mib + SPARE_MIB) << 20)
        (pids / "pids.max").write_text(str(processes + SPARE_PROCESSES))
        if (memory / "memory.max").exists():
            (memory / "memory.max").write_text(size)
            with suppress(OSError):  # no swap is accounted here
                (memory / "memory.swap.max").write_text("0")
            return
        (memory / "memory.limit_in_bytes").write_text(size)

    def end(self) -> None:
        """Kills every member and returns when there is none."""
        deadline = time.monotonic() + END_S
        while (members := self._members()) and time.monotonic() < deadline:
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    def remove(self) -> None:
        """Kills every member and removes the group."""
        self.end()
        deadline = time.monotonic() + END_S
        while left := [folder for folder in set(self.folders.values()) if folder.exists()]:
            for folder in left:
                with suppress(OSError):  # busy: the kernel has not yet removed the last member
                    folder.rmdir()
            if time.monotonic() > deadline:
                return  # the next start sweeps
            time.sleep(0.005)

    def _members(self) -> set[int]:
        found: set[int] = set()
        for folder in self.folders.values():
            with suppress(FileNotFoundError):
                found.update(map(int, (folder / "cgroup.procs").read_text().split()))
        return found


def make(name: str) -> Cgroup | None:
    """Returns a fresh group, or None where groups are not available."""
    parents = _parents()
    if parents is None:
        return None
    group = Cgroup({controller: parent / f"{PREFIX}{os.getpid()}-{name}" for controller, parent in parents.items()})
    try:
        for folder in group.folders.values():
            folder.mkdir(exist_ok=True)
        group.limit(1024, 64)
    except OSError:
        for folder in group.folders.values():
            with suppress(OSError):
                folder.rmdir()
        return None
    return group


def sweep() -> None:
    """Removes groups whose owner is gone; a killed process could not."""
    for parent in set((_parents() or {}).values()):
        for folder in parent.glob(f"{PREFIX}*-*"):
            owner = folder.name.removeprefix(PREFIX).split("-")[0]
            if owner.isdigit() and not Path("/proc", owner).exists():
                Cgroup({"memory": folder}).remove()


def _parents() -> dict[str, Path] | None:
    """Where groups with both controllers may be made: memory, pids -> folder."""
    found = {}
    for controllers, path in _memberships():
        if not controllers and "memory" not in found and (folder := _delegated(MOUNTS / path)):  # version 2
            return {"memory": folder, "pids": folder}
        for controller in {"memory", "pids"} & set(controllers):
            folder = MOUNTS / controller / path
            if os.access(folder, os.W_OK):
                found[controller] = folder
    return found if len(found) == 2 else None


def _delegated(own: Path) -> Path | None:
    """Where a group of version 2 may be made: below the own one, or, as that one has members, below its parent."""
    for folder in (own, own.parent):
        control = folder / "cgroup.subtree_control"
        with suppress(OSError):
            control.write_text("+memory +pids")
        with suppress(OSError):
            if {"memory", "pids"} <= set(control.read_text().split()) and os.access(folder, os.W_OK):
                return folder
    return None


def _memberships() -> Iterator[tuple[list[str], str]]:
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            yield [name for name in controllers.split(",") if name], path.lstrip("/")
