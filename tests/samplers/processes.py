"""What is left of an engine, as the kernel sees it."""

import time
from pathlib import Path


def alive(session: int) -> list[str]:
    """Names and states of the processes of a session that still run; zombies hold no memory and don't count."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _parent, _group, of = rest.split()[:4]
        if int(of) == session and state != "Z":
            found.append(f"{name}) {state}")
    return found


def gone_within(session: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(session) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not alive(session)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
