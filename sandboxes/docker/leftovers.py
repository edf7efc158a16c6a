"""Finds the containers that nobody owns any more, by their labels.

A container ends with its owner's connection to it. What can be left all the same: one that was created and never
started, or whose engine was killed in between.
"""

import os
import re
import time
from pathlib import Path
from typing import Any

from rft.sandboxes.docker.containers import remove

OWNER, RUN = "rft.owner", "rft.run"
"""Labels: which process started a container, and for which of its sandboxes."""
STALE_S = 600
"""A container of an owner that can't be looked up is left alone this long, and for as long as it runs."""


def owner(pid: int | None = None) -> str:
    """Names a process, as ``pid.start.namespace.boot``: no other has that name, ever. OSError when it is gone."""
    pid = pid or os.getpid()
    state, *fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    if state == "Z":
        raise ProcessLookupError(f"process {pid} has ended")
    namespace = "".join(re.findall(r"\d+", str(Path("/proc/self/ns/pid").readlink())))
    return f"{pid}.{fields[18]}.{namespace}.{Path('/proc/sys/kernel/random/boot_id').read_text('ascii').strip()}"


def sweep(engine: Any) -> int:
    """Removes the containers whose owner is gone; returns how many.

    An owner on another machine, or in another process namespace, can't be looked up: its containers are removed only
    when they do not run and are old.
    """
    gone = [found["Id"] for found in _labelled(engine, OWNER) if _abandoned(found)]
    for container in gone:
        remove(engine, container)
    return len(gone)


def sweep_own(engine: Any, run: str) -> int:
    """Removes every container of a sandbox, also those whose creation was never answered; returns how many."""
    found = _labelled(engine, f"{RUN}={run}")
    for container in found:
        remove(engine, container["Id"])
    return len(found)


def _labelled(engine: Any, label: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.containers(all=True, filters={"label": label})
    return found


def _abandoned(container: dict[str, Any]) -> bool:
    pid, _, place = container["Labels"][OWNER].partition(".")
    here = owner().partition(".")[2].partition(".")[2]
    if not pid.isdigit() or place.partition(".")[2] != here:
        return container["State"] != "running" and bool(time.time() - container["Created"] > STALE_S)
    try:
        return owner(int(pid)) != str(container["Labels"][OWNER])
    except OSError:
        return True
