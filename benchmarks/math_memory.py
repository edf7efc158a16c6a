"""Memory and processes of one process over a million math verdicts.

    python -m benchmarks.math_memory [--verdicts 1000000]

Every verdict is on texts that were not seen before: whole numbers, fractions, and one in twenty an expression that must
be computed. Resident memory and child processes are read ten times on the way.
"""

import argparse
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import print_table
from rft.types import Outcome, Problem
from rft.verifiers.math.verifier import MathVerifier

CANDIDATES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verdicts", type=int, default=1_000_000)
    wanted = parser.parse_args().verdicts
    rows, verifier, n_judged, n_correct, start = [], MathVerifier(), 0, 0, time.perf_counter()
    for problem, completions in _questions(random.Random(0)):
        verdicts = verifier.verify(problem, completions)
        before, n_judged = n_judged, n_judged + len(verdicts)
        n_correct += sum(verdict.outcome is Outcome.CORRECT for verdict in verdicts)
        if n_judged * 10 // wanted > before * 10 // wanted:
            seconds = f"{time.perf_counter() - start:.0f}"
            rows.append([f"{n_judged:,}", f"{n_correct:,}", f"{_resident_mib():.1f}", str(_n_children()), seconds])
        if n_judged >= wanted:
            break
    print_table(["verdicts", "correct", "resident memory, MiB", "child processes", "seconds"], rows)


def _questions(rng: random.Random) -> Iterator[tuple[Problem, list[str]]]:
    number = 0
    while True:
        number += 1
        a, b = rng.randrange(10**6), rng.randrange(2, 10**4)
        if number % 20 == 0:
            reference, right, wrong = f"{a}x+\\sqrt{{{b}}}", f"\\sqrt{{{b}}}+{a}x", f"{a}x-\\sqrt{{{b}}}"
        elif number % 2:
            reference, right, wrong = str(a), f"{a}.0", str(a + b)
        else:
            reference, right, wrong = f"\\frac{{{a}}}{{{b}}}", f"{2 * a}/{2 * b}", f"{a}/{b + 1}"
        answers = [rng.choice((right, wrong, f"{wrong}{n}")) for n in range(CANDIDATES)]
        yield Problem(f"p{number}", "?", "math", reference, "bench", "test"), [f"So \\boxed{{{a}}}." for a in answers]


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _n_children() -> int:
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


if __name__ == "__main__":
    main()
