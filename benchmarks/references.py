"""Every reference solution, round after round, under twice the cores' load: not one may fail.

    RFT_DATA=… python -m benchmarks.references [--sandbox local|docker] [--rounds 10] [sandbox.OPTION=VALUE …]

Judged are HumanEval, HumanEval+ (mini), and MBPP's shipped splits, by the verifier as a run uses it. The load is as
many busy processes as twice the cores. Prints one line per round and every solution that was not judged correct.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rft.components import Verifiers, build_task, sandbox_config
from rft.config.schema import parse_overrides
from rft.types import Outcome, Problem, Verdict

TASKS = (
    ("humaneval", {}, ("test",)),
    ("humaneval+", {"variant": "mini"}, ("test",)),
    ("mbpp", {}, ("prompt", "validation", "train")),
)
BUSY = "while True: pass"


def problems() -> Iterator[Problem]:
    """The problems of all tasks."""
    for kind, options, splits in TASKS:
        for split in splits:
            yield from build_task(kind, options).problems(split)


@contextmanager
def load(n: int) -> Iterator[None]:
    """Keeps n processes busy."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(n)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def main() -> None:
    """Runs the rounds; exit status 1 when a solution failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sandbox", default="local")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("options", nargs="*", help="sandbox.OPTION=VALUE")
    asked = parser.parse_args()
    options = parse_overrides(asked.options).get("sandbox", {})
    verifiers = Verifiers(sandbox=sandbox_config(asked.sandbox, options))
    verifier, found, n_failed = verifiers("code"), list(problems()), 0

    def judge(problem: Problem) -> Verdict:
        return verifier.verify(problem, [f"```python\n{problem.reference['solution']}\n```"])[0]

    with load(2 * (os.cpu_count() or 1)), ThreadPoolExecutor(2) as pool:
        for number in range(1, asked.rounds + 1):
            began = time.perf_counter()
            verdicts = list(pool.map(judge, found))
            failed = [(p.id, v) for p, v in zip(found, verdicts, strict=True) if v.outcome is not Outcome.CORRECT]
            n_failed += len(failed)
            took_s = time.perf_counter() - began
            rate = len(found) / took_s
            print(
                f"round {number}: {len(found)} solutions, {len(failed)} failed, {took_s:.0f} s, {rate:.0f}/s",
                flush=True,
            )
            for problem_id, verdict in failed:
                print(f"  {problem_id}: {verdict.outcome} {verdict.reason} {verdict.detail}", flush=True)
    verifiers.close()
    sys.exit(n_failed > 0)


if __name__ == "__main__":
    main()
