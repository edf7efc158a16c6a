"""A stored run of a million samples: the whole replay run, a second one with nothing to do, a new selection.

    python -m benchmarks.million [samples]

125,000 problems with 8 stored completions each go through the command line, in processes of their own, and so do
20,000 samples, for the ratio of the peak memory of the main process.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.memory import N_SAMPLES, TASK, peak_mib, write_completions
from benchmarks.table import print_table

SMALL = 20_000
STEPS: dict[str, list[str]] = {
    "whole replay run": ["run"],
    "second run, nothing to do": ["run"],
    "new selection": ["select", "select.cap=4"],
    "new export": ["export", "select.cap=4"],
}


def main() -> None:
    n_samples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        small = steps(Path(folder) / "small", SMALL)
        large = steps(Path(folder) / "large", n_samples)
    header = ["step", f"{SMALL:,} samples: s", "MiB", f"{n_samples:,} samples: s", "MiB", "memory, ratio"]
    rows = []
    for name, (seconds, mib) in large.items():
        before_s, before_mib = small[name]
        figures = [f"{before_s:.1f}", f"{before_mib:.0f}", f"{seconds:.1f}", f"{mib:.0f}", f"{mib / before_mib:.2f}"]
        rows.append([name, *figures])
    print_table(header, rows)


def steps(folder: Path, n_samples: int) -> dict[str, tuple[float, float]]:
    """Runs every step over ``n_samples`` stored completions; returns its seconds and the main process's peak in MiB."""
    folder.mkdir()
    task = TASK | {"n_problems": n_samples // N_SAMPLES, "digits": 5}
    write_completions(folder / "stored.jsonl", task)
    config = {
        "name": "r",
        "runs": "runs",
        "task": {"kind": "arithmetic", **task},
        "sampler": {"kind": "replay", "path": "stored.jsonl"},
        "sampling": {"n": N_SAMPLES},
        "train": {"kind": "none"},
        "eval": {"enabled": False},
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return {name: measured(folder, command) for name, command in STEPS.items()}


def measured(folder: Path, command: list[str]) -> tuple[float, float]:
    """Returns the seconds that a command took, and the peak memory of its process in MiB."""
    began, peak = time.monotonic(), 0.0
    words = [sys.executable, "-m", "rft", command[0], "run.yaml", *command[1:]]
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, peak_mib(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0, (folder / "output.txt").read_text()
    return time.monotonic() - began, peak


if __name__ == "__main__":
    main()
