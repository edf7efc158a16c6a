"""Peak memory of the main process at 200,000 samples over that at 20,000: a run must not grow with its samples.

    python -m benchmarks.memory

Both runs go through the command line, from stored completions to exported training files, in processes of their own.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.table import print_table
from rft.tasks.arithmetic import Arithmetic

N_SAMPLES = 8
TASK = {"n_problems": 0, "digits": 3, "operations": ["+", "-"]}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(Path(folder) / str(n), n) for n in (20_000, 200_000)]
    print_table(["samples", "peak memory of the main process, MiB", "seconds", "ratio"], with_ratio(rows))


def measure(folder: Path, n_samples: int) -> tuple[int, float, float]:
    """Runs the loop over ``n_samples`` stored completions; returns (samples, peak MiB, seconds)."""
    folder.mkdir()
    task = TASK | {"n_problems": n_samples // N_SAMPLES}
    write_completions(folder / "stored.jsonl", task)
    config = {
        "name": "r",
        "runs": str(folder / "runs"),
        "model": "none",
        "task": {"kind": "arithmetic", **task},
        "sampler": {"kind": "replay", "path": str(folder / "stored.jsonl")},
        "sampling": {"n": N_SAMPLES},
        "eval": {"enabled": False},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    began = time.monotonic()
    command = [sys.executable, "-m", "rft", "run", str(folder / "run.yaml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, peak_mib(process.pid))
        time.sleep(0.05)
    assert process.stdout is not None
    shown = process.stdout.read()
    assert process.returncode == 0, shown
    assert f" {n_samples} " in shown, shown
    return n_samples, peak, time.monotonic() - began


def write_completions(path: Path, task: dict[str, object]) -> None:
    """Writes solutions of realistic length, four in ten of them right."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for problem in Arithmetic(**task).problems("train"):  # type: ignore[arg-type]
            for index in range(N_SAMPLES):
                answer = int(problem.reference) + (0 if rng.random() < 0.4 else rng.randint(1, 9))
                words = " ".join(rng.choices(["first", "we", "add", "the", "tens", "then", "carry", "over"], k=60))
                row = {"problem_id": problem.id, "index": index, "text": f"{words}. So it is \\boxed{{{answer}}}."}
                file.write(json.dumps(row) + "\n")


def peak_mib(pid: int) -> float:
    """Returns the high-water mark of a live process's resident memory."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def with_ratio(rows: list[tuple[int, float, float]]) -> list[list[str]]:
    return [[f"{n:,}", f"{mib:.0f}", f"{s:.0f}", f"{mib / rows[0][1]:.2f}"] for n, mib, s in rows]


if __name__ == "__main__":
    main()
