"""The trusted process of a sandbox: takes jobs from one stream, has zygotes fork them, and sends back facts.

It runs as the first program of a container or of a local sandbox, never executes anything that it was given, and
handles one job at a time:

    job    {"limits": {…}, "children": {"candidate": {payload}, "tester": {payload}}, "stdin": "…", "preload": […]}
    reply  {"candidate": {facts}, "tester": {facts}, "report": …} or {"fault": "what failed on our side"}
    job    {"which": ["node", "g++"], "path": "/usr/bin:…"}
    reply  {"which": {"node": "/usr/bin/node", "g++": null}}

The stream ends: everything ends. A fault never becomes a fact about a program.
"""

import gc
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[4]))  # rft is not installed inside

from rft.sandboxes.inside import frames
from rft.sandboxes.inside.child import kernel
from rft.sandboxes.inside.supervisor.counters import Counters
from rft.sandboxes.inside.supervisor.job import Job
from rft.sandboxes.inside.supervisor.standing import Standing
from rft.sandboxes.inside.supervisor.zygotes import SupervisorError, Zygotes

MAX_JOB = 64 << 20


def main() -> None:
    """Serves jobs from stdin on stdout until stdin ends.

    Arguments: descriptors of counters, as JSON; the mode; which of how many sandboxes this is (``0/2``).
    """
    inherited, mode, slot = sys.argv[1:]
    _keep_to_one_processor(*map(int, slot.split("/")))
    jobs, replies = os.dup(0), os.dup(1)
    with open(os.devnull, "r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    counters = Counters(json.loads(inherited))
    with Zygotes(mode) as zygotes:
        frames.write_all(replies, frames.pack({"ready": True}))
        standing = Standing()
        gc.freeze()
        while (job := _next(jobs)) is not None:
            frames.write_all(replies, frames.pack(_answer(job, zygotes, standing, counters, jobs)))


def _keep_to_one_processor(slot: int, slots: int) -> None:
    """Takes one if there is a sandbox for each: our processes take turns, and wake each other fastest there."""
    processors = sorted(os.sched_getaffinity(0))
    if slots >= len(processors):
        os.sched_setaffinity(0, [processors[slot % len(processors)]])


def _next(jobs: int) -> Any:
    try:
        return frames.unpack(lambda n: os.read(jobs, n), MAX_JOB)
    except EOFError:
        return None


def _answer(job: dict[str, Any], zygotes: Zygotes, standing: Standing, counters: Counters, jobs: int) -> dict[str, Any]:
    if "which" in job:
        return {"which": {name: shutil.which(name, path=job["path"]) for name in job["which"]}}
    try:
        return Job(job, zygotes, standing, counters, jobs).run()
    except (SupervisorError, OSError, ValueError) as fault:
        zygotes.close()  # whatever is in doubt goes; the next job starts with fresh ones
        standing.forget()
        return {"fault": str(fault)}


if __name__ == "__main__":
    main()
