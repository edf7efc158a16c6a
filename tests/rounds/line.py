"""The command line in a process of its own, and a small run of own problems on stored completions."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

RFT = [sys.executable, "-m", "rft"]
N_PROBLEMS = 12


def rft(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs a command and checks its exit code."""
    done = subprocess.run([*RFT, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def write_problems(path: Path, corrected: dict[int, str] | None = None) -> Path:
    """Writes problems ``p0: 0 + 1?`` and so on; some get another reference."""
    rows = [
        {"id": f"p{n}", "prompt": f"{n} + 1?", "reference": (corrected or {}).get(n, str(n + 1))}
        for n in range(N_PROBLEMS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_completions(path: Path, off: int = 0, n: int = 6) -> Path:
    """Writes ``n`` completions a problem: even indices give the answer plus ``off``, odd ones one more."""
    with path.open("w") as file:
        for problem in range(N_PROBLEMS):
            for index in range(n):
                text = f"index {index}, so \\boxed{{{problem + 1 + off + index % 2}}}"
                file.write(json.dumps({"problem_id": f"p{problem}", "index": index, "text": text}) + "\n")
    return path


def write_run(folder: Path, **changes: object) -> Path:
    """Writes problems, completions and a config beside each other, and returns the config."""
    folder.mkdir(exist_ok=True)
    write_problems(folder / "own.jsonl")
    write_completions(folder / "a.jsonl")
    run: dict[str, object] = {
        "name": "r",
        "runs": "runs",
        "task": {"kind": "jsonl", "path": "own.jsonl", "verifier": "math"},
        "sampler": {"kind": "replay", "path": "a.jsonl"},
        "sampling": {"n": 4},
        "eval": {"holdout": 3, "n": 2, "k": [1]},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(run | changes))
    return path
