"""Memory and processes over 100,000 executions through one pool of the local sandbox.

    python -m benchmarks.sandbox_memory [--executions 100000]

Half are whole programs, half are candidates with a tester, no two the same; some in a hundred fail, flood, fill files,
ask for too much memory, leave a process behind or sleep until they are killed. Slots are never replaced here (usually
they are, after 10,000), so that whatever grows is seen. Resident memory and processes are read twenty times on the way,
while nothing runs: this process, and supervisors and warm interpreters of both slots together.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import print_table
from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Examination, Execution, Limits, Program, Status

SLOTS = 2
SAMPLES = 20
LIMITS = Limits(cpu_s=2, wall_s=2, memory_mib=128, output_kib=64, processes=8, disk_mib=8)
SHORT = Limits(cpu_s=1, wall_s=0.2, memory_mib=128, output_kib=64, processes=8, disk_mib=8)
ODD = {
    1: ("print('x' * 200_000)", Status.OUTPUT_LIMIT),
    2: ("open('file', 'wb').write(bytes(1 << 20))", Status.EXITED),
    3: ("raise KeyError('x')", Status.EXITED),
    4: ("x = bytearray(1 << 30)", Status.MEMORY_LIMIT),
    5: ("import os, time\nif os.fork() == 0: time.sleep(1)", Status.EXITED),
    6: ("import threading, time\nthreading.Thread(target=time.sleep, args=(1,), daemon=True).start()", Status.EXITED),
}
"""Whole programs by the last two digits of their number, and how they end."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held at one moment."""

    host_mib: float
    slots_mib: float
    n_processes: int
    n_files: int
    """Open descriptors of this process."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=100_000)
    wanted = parser.parse_args().executions
    block, rows, ended = max(1, wanted // SAMPLES), [], Counter[bool]()
    sandbox = LocalSandbox(slots=SLOTS, recycle_after=2 * wanted)
    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(lambda number: execute(sandbox, number), range(200)))  # all is warm
        rows.append(_row(0, ended, 0.0))
        print(rows[-1], flush=True)
        start = time.perf_counter()
        for first in range(0, wanted, block):
            ended.update(pool.map(lambda number: execute(sandbox, number), range(first, first + block)))
            rows.append(_row(first + block, ended, time.perf_counter() - start))
            print(rows[-1], flush=True)
    sandbox.close()
    print(f"after closing: {held()}")
    columns = ["executions", "as expected", "this process, MiB", "slots, MiB", "processes of the slots", "open files"]
    print_table([*columns, "seconds"], rows)


def execute(sandbox: LocalSandbox, number: int) -> bool:
    """Runs one program; whether it ended as it should. What did not is printed."""
    source, status, limits = f"print({number})", Status.EXITED, LIMITS
    if number % 500 == 0:
        source, status, limits = "import time; time.sleep(9)", Status.TIMEOUT, SHORT
    elif number % 100 in ODD:
        source, status = ODD[number % 100]
    elif number % 2 == 0:
        exam = {"entry_point": "add", "setup": "", "program": f"assert add(1, {number}) == {number + 1}"}
        found = sandbox.examine(Program("def add(a, b): return a + b"), exam, LIMITS)
        return _as_expected(number, bool(found.report and found.report["passed"]), found)
    ended = sandbox.run(Program(f"{source}\n# {number}"), limits)
    return _as_expected(number, ended.status is status, ended)


def _as_expected(number: int, is_so: bool, seen: Execution | Examination) -> bool:
    if not is_so:
        print(f"unexpected, number {number}: {seen}", flush=True)
    return is_so


def held() -> Held:
    """Returns what this process and all below it hold."""
    below = list(_below(os.getpid()))
    n_files = len(list(Path("/proc/self/fd").iterdir()))
    return Held(_resident_mib(os.getpid()), sum(map(_resident_mib, below)), len(below), n_files)


def _row(n_done: int, ended: Counter[bool], seconds: float) -> list[str]:
    now = held()
    memory = [f"{now.host_mib:.1f}", f"{now.slots_mib:.1f}"]
    return [f"{n_done:,}", f"{ended[True]:,}", *memory, str(now.n_processes), str(now.n_files), f"{seconds:.0f}"]


def _below(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from _below(child)


def _resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
