"""The whole line with nothing replaced: real model, real vLLM, real checker, real TRL."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rft.store.files import read_json

EXAMPLE = Path(__file__).parents[2] / "examples" / "arithmetic.yaml"
SHOTS = [
    {"prompt": "What is 21 + 34?", "completion": "21 + 34 = 55. The answer is \\boxed{55}."},
    {"prompt": "What is 68 - 25?", "completion": "68 - 25 = 43. The answer is \\boxed{43}."},
]


@pytest.mark.vllm
@pytest.mark.train
def test_one_round_from_problems_to_a_measured_new_model(smollm2: Path, tmp_path: Path) -> None:
    settings = {
        "runs": str(tmp_path),
        "name": "small",
        "model": str(smollm2),
        "eval.holdout": 6,
        "loop.rounds": 1,
        "loop.problems_per_round": 16,
        "sampling.n": 8,
        "train.epochs": 2,
        "train.batch_size": 2,
        "prompt.examples": json.dumps(SHOTS),
    }
    overrides = [f"{key}={value}" for key, value in settings.items()]
    command = [sys.executable, "-m", "rft", "run", str(EXAMPLE), *overrides, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    run = tmp_path / "small"
    metrics = json.loads(done.stdout)
    assert [row["title"] for row in metrics["evaluations"]] == ["base model", "after round 0"]
    assert all(row["n_samples"] + row["n_unjudged"] == 24 for row in metrics["evaluations"])
    funnel = read_json(run / "round-000" / "funnel.json")["funnel"]
    assert funnel["sampled"] == 128
    assert 0 < funnel["kept"] < 128
    rows = (run / "round-000" / "export" / "prompt_completion.jsonl").read_text().splitlines()
    assert len(rows) == funnel["kept"]
    model = run / read_json(run / "round-000" / "train" / "model.json")["path"]
    assert (model / "model.safetensors").stat().st_size == (smollm2 / "model.safetensors").stat().st_size
    assert (model / "model.safetensors").read_bytes() != (smollm2 / "model.safetensors").read_bytes()
