"""What the kernel counted for the whole sandbox: programs killed for memory, forks refused.

The files are those of the control group: in a container its own, read-only, under ``/sys/fs/cgroup`` (version 1 or 2);
in a local sandbox descriptors that were opened before the sandbox was closed. Without any, nothing is counted.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

_IN_CONTAINER = {
    "oom_kill": ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"),
    "max": ("/sys/fs/cgroup/pids.events", "/sys/fs/cgroup/pids/pids.events"),
}
"""Field of the file -> where it may be."""


_MEMORY = {
    "used": ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    "statistics": ("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat"),
}
_CACHED = ("active_file", "inactive_file")


class Counters:
    """Counts of one control group."""

    def __init__(self, inherited: Mapping[str, int]) -> None:
        """Takes descriptors by field (``oom_kill``, ``max``); looks for a container's files where there are none."""
        self._fds = dict(inherited) or _opened(_IN_CONTAINER)
        self._memory = {} if inherited else _opened(_MEMORY)

    def read(self) -> dict[str, int]:
        """Returns the counts so far."""
        return {field: _field(os.pread(fd, 4096, 0), field) for field, fd in self._fds.items()}

    def memory_mib(self) -> float | None:
        """Returns what all programs in a container hold, the kernel's part and files in memory included.

        None where that is not told. Pages of the disk's files do not count: the kernel takes them back when it likes.
        """
        if len(self._memory) < len(_MEMORY):
            return None
        used, statistics = (os.pread(self._memory[name], 1 << 14, 0) for name in _MEMORY)
        return (int(used) - sum(_field(statistics, field) for field in _CACHED)) / (1 << 20)


def _opened(wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    found = {}
    for field, places in wanted.items():
        for place in places:
            with suppress(OSError):
                found[field] = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
                break
    return found


def _field(text: bytes, name: str) -> int:
    for line in text.decode("ascii", "replace").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
