"""Prints a Markdown table with the machine's shape, ready for benchmarks/README.md."""

import datetime
import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    gib = int(memory.split()[1]) / 2**20
    print(f"\nMeasured {datetime.date.today()}, {os.cpu_count()} CPU cores, {gib:.0f} GiB.\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |")
