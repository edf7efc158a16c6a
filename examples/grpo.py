"""GRPO with a verifier as its reward: TRL's own trainer, a 135M model and small sums on the CPU, without vLLM.

python examples/grpo.py            # four steps, about a minute on two cores; a real run takes thousands, and a GPU

The reward function is the one line that a run of your own needs; everything else here is TRL's.
"""

import argparse
import json
import tempfile
import time
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import AutoTokenizer, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from rft import reward_function
from rft.models import resolve
from rft.tasks.arithmetic import Arithmetic


class ShowRewards(TrainerCallback):  # type: ignore[misc]
    """Prints the mean reward of each step."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **rest: Any) -> None:
        """Called by the trainer after every step."""
        if logs and "reward" in logs:
            print(json.dumps({"step": state.global_step, "mean_reward": round(logs["reward"], 4)}), flush=True)


def rows(n_problems: int) -> Dataset:
    """Returns problems as TRL wants them: a prompt, and the column ``reference`` for the reward function."""
    problems = Arithmetic(n_problems=n_problems, digits=1, operations=("+",)).problems("train")
    turn = "{} Answer in one short line."
    return Dataset.from_list(
        [
            {"prompt": [{"role": "user", "content": turn.format(problem.prompt)}], "reference": problem.reference}
            for problem in problems
        ]
    )


def train(model: str, steps: int, generations: int, problems_per_step: int) -> None:
    """Takes GRPO steps; each draws ``generations`` completions of ``problems_per_step`` problems."""
    folder = resolve(model)
    with tempfile.TemporaryDirectory() as out:
        trainer = GRPOTrainer(
            model=folder,
            processing_class=AutoTokenizer.from_pretrained(folder),
            reward_funcs=reward_function("math"),
            train_dataset=rows(n_problems=steps * problems_per_step),
            args=GRPOConfig(
                output_dir=out,
                max_steps=steps,
                num_generations=generations,
                per_device_train_batch_size=generations * problems_per_step,
                max_completion_length=24,
                learning_rate=1e-5,
                temperature=0.7,
                use_cpu=True,
                bf16=False,
                gradient_checkpointing=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                dataloader_pin_memory=False,
                seed=0,
            ),
            callbacks=[ShowRewards()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m", help="embedded model, folder or hub id")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--generations", type=int, default=4, help="completions per problem")
    parser.add_argument("--problems-per-step", type=int, default=2)
    options = parser.parse_args()
    disable_progress_bars()
    torch.set_num_threads(1)  # beside other work two threads wait for each other: 170 s for two steps, not 25
    start = time.perf_counter()
    train(options.model, options.steps, options.generations, options.problems_per_step)
    print(f"{options.steps} steps in {time.perf_counter() - start:.0f} s, the loading of the model included")


if __name__ == "__main__":
    main()
