"""Tokens/s of the E-step with verification on, over vLLM's own ``LLM.generate`` on the same requests.

    python -m benchmarks.throughput

Each side runs in a process of its own, in turn, several times; engines are loaded and warm before the clock starts.
Prompts, sampling parameters and engine arguments are the same. Ours also renders, streams every sample to disk, judges
it and stores the verdict.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks.table import print_table
from rft.config.schema import load
from rft.prompts.render import render
from rft.tasks.arithmetic import Arithmetic
from rft.types import Problem

CONFIG = Path(__file__).parents[1] / "examples" / "arithmetic.yaml"
N_PROBLEMS, N_SAMPLES, REPEATS = 128, 16, 3
MAX_MODEL_LEN = 512
ENGINE = {"max_num_seqs": 128, "block_size": 32}
"""What ours sets on the CPU, given to both sides: vLLM's own block size of 128 would slow ``LLM.generate`` down."""


def main() -> None:
    sides: dict[str, list[dict[str, float]]] = {"LLM.generate": [], "E-step, verified": []}
    for _ in range(REPEATS):
        for name in sides:
            command = [sys.executable, "-m", "benchmarks.throughput", name]
            shown = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
            result = next(
                line for line in shown.stdout.splitlines() if line.startswith('{"tokens"')
            )  # among vLLM's logs
            sides[name].append(json.loads(result))
    speeds = {name: [run["tokens"] / run["seconds"] for run in runs] for name, runs in sides.items()}
    base = statistics.median(speeds["LLM.generate"])
    rows = [
        [
            name,
            f"{N_PROBLEMS * N_SAMPLES:,}",
            f"{statistics.mean(run['tokens'] for run in sides[name]):,.0f}",
            " ".join(f"{value:,.0f}" for value in found),
            f"{statistics.median(found):,.0f}",
            f"{statistics.median(found) / base:.2f}",
        ]
        for name, found in speeds.items()
    ]
    print_table(["side", "samples", "tokens", "tokens/s of each run", "median", "ratio"], rows)


def problems() -> list[Problem]:
    return list(islice(Arithmetic(n_problems=N_PROBLEMS + 1).problems("train"), N_PROBLEMS + 1))


def vllm_side(model: str) -> dict[str, float]:
    """``LLM.generate`` on token ids, n candidates per prompt."""
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = "2"  # GiB, as ours; left alone, vLLM takes most of the machine's memory
    from vllm import LLM, SamplingParams

    config = load(CONFIG)
    engine = LLM(model, max_model_len=MAX_MODEL_LEN, **ENGINE, enforce_eager=True, disable_log_stats=True)
    tokenizer = engine.get_tokenizer()
    prompts = []
    for problem in problems():
        messages = list(render(problem, config.prompt))
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        prompts.append({"prompt_token_ids": tokenizer(text, add_special_tokens=False)["input_ids"]})
    sampling = SamplingParams(n=N_SAMPLES, temperature=0.7, max_tokens=config.sampling.max_tokens)
    engine.generate(prompts[-1:], sampling, use_tqdm=False)
    began = time.monotonic()
    found = engine.generate(prompts[:-1], sampling, use_tqdm=False)
    seconds = time.monotonic() - began
    return {"tokens": sum(len(c.token_ids) for output in found for c in output.outputs), "seconds": seconds}


def our_side(model: str) -> dict[str, float]:
    """The E-step: same prompts, samples and verdicts on disk at the end."""
    from rft.report.progress import Silent
    from rft.rounds.estep import Draw, EStep
    from rft.samplers.vllm.sampler import VllmSampler
    from rft.store.stage import StageFolder
    from rft.verifiers.math.verifier import MathVerifier

    config = load(CONFIG)
    sampler = VllmSampler(model, max_model_len=MAX_MODEL_LEN, enforce_eager=True, engine_args=ENGINE)
    *rest, warm_up = problems()

    def draw(chosen: list[Problem]) -> Draw:
        params = config.sampling.params()
        ids = [problem.id for problem in chosen]
        return Draw(
            lambda: chosen, lambda: ids, lambda problem: render(problem, config.prompt), N_SAMPLES, params, 0, 0
        )

    with tempfile.TemporaryDirectory() as folder, MathVerifier() as verifier:

        def estep(name: str) -> EStep:
            return EStep(StageFolder(Path(folder) / name), {"math": verifier}, config.verify, Silent())

        estep("warm-up").run(draw([warm_up]), sampler)
        began = time.monotonic()
        progress = estep("timed").run(draw(rest), sampler)
        seconds = time.monotonic() - began
    sampler.close()
    assert progress.judged == N_PROBLEMS * N_SAMPLES
    return {"tokens": progress.tokens, "seconds": seconds}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        from rft.models import embedded

        side = {"LLM.generate": vllm_side, "E-step, verified": our_side}[sys.argv[1]]
        print(json.dumps(side(str(embedded("smollm2-135m")))))
