"""The built-in M-step: supervised fine-tuning with TRL in a process of its own, on GPUs and on the CPU alike.

This side starts ``rft.trainers.trl.program``, forwards its progress and checks what it leaves. Rows that do not survive
the chat template's round trip stop it before a step is taken; the loss is on the completion only, whose last token is
the one that stops the engine. Memory comes back when the process ends, and it ends with ours.
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Lt

from rft.errors import InputError, TrainerError
from rft.options import Count, Positive
from rft.processes.command import run_logged, tail
from rft.trainers.output import begin, fingerprint, finished, loadable, publish
from rft.types import JSON

LEARNING_RATES = {"full": 5e-5, "lora": 2e-4}
"""LoRA wants about ten times what full fine-tuning wants (Schulman et al., "LoRA Without Regret", 2025); here four."""
QUIET = {
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONUNBUFFERED": "1",
    # OpenMP's threads spin while they wait for each other; with other work on the same cores that made a step 5 to 8
    # times slower (2 cores, load 5).
    "OMP_WAIT_POLICY": "PASSIVE",
    # The folder that a user works in is no place to import from: a copy.py there would stand in for Python's own.
    "PYTHONSAFEPATH": "1",
}


@dataclass
class TrlTrainer:
    """Fine-tunes with TRL's SFTTrainer; the fields are its options in a config."""

    method: Literal["full", "lora"] = "full"
    """lora: adapters, merged into the base when saved, so that every engine loads the result."""
    lora_r: Count = 16
    lora_alpha: Count = 32
    lora_dropout: Annotated[float, Ge(0), Le(0.99)] = 0.0
    lora_targets: str | tuple[str, ...] = "all-linear"
    epochs: Positive = 3.0
    learning_rate: Positive | None = None
    """None: 5e-5 for full, 2e-4 for lora."""
    batch_size: Count = 8
    """Rows per forward pass, over all processes; times ``gradient_accumulation`` gives the rows per step."""
    gradient_accumulation: Count = 1
    max_length: Annotated[int, Ge(2)] | None = None  # a token to predict from, and one to predict
    """Rows of more tokens are left out and counted, never cut. None: the model's context."""
    warmup_ratio: Annotated[float, Ge(0), Le(0.99)] = 0.03  # 1 would mean one step to transformers 5
    lr_scheduler: str = "linear"
    weight_decay: Annotated[float, Ge(0), Lt(math.inf)] = 0.0
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 0  # NumPy's seeds have 32 bits
    dtype: Literal["auto", "bf16-mixed", "bf16", "fp32"] = "auto"
    """bf16-mixed keeps 32-bit weights and computes in bfloat16; bf16 keeps half the memory and learns less at small
    learning rates; auto: bf16-mixed where the device has bfloat16, else fp32. What is saved is always bfloat16."""
    gradient_checkpointing: bool = False
    """Saves memory for about a third more time; wanted for large models."""
    packing: bool = False
    logging_steps: Count = 5
    save_steps: Count | None = None
    """Checkpoints to go on from after a kill; None: an interrupted training starts over."""
    processes: Count | None = None
    """Data-parallel processes on this machine. None: one per visible GPU."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further arguments of trl.SFTConfig."""

    def __post_init__(self) -> None:
        self.on_progress: Callable[[Mapping[str, JSON]], None] | None = None
        """Called in the thread of ``fit`` with every event: data, start, step (step, steps, loss, eta_s, elapsed_s)."""

    def check(self) -> None:
        """Finds what can be known to be wrong before there is a dataset, without importing anything heavy.

        Names of ``extra`` and of schedulers are TRL's to know: it says so before its first step.

        Raises:
            InputError: a package is missing, or options do not fit together.
        """
        needed = ["torch", "transformers", "trl", "datasets", "accelerate"]
        needed += ["peft"] if self.method == "lora" else []
        if missing := [name for name in needed if find_spec(name) is None]:
            raise InputError(f"trainer 'trl' needs {', '.join(missing)}, not installed here: pip install 'rft[train]'")
        if not self.lora_targets:
            raise InputError("trainer 'trl', option 'lora_targets' is empty; name modules, or all-linear")
        if self.packing and self.max_length is None:
            raise InputError("trainer 'trl': packing needs max_length, the size of the packs in tokens")
        if self.processes and self.batch_size % self.processes:
            raise InputError(
                f"trainer 'trl': batch_size {self.batch_size} cannot be shared by {self.processes} processes"
            )
        self._check_extra()

    def _check_extra(self) -> None:
        if "output_dir" in self.extra:
            raise InputError("trainer 'trl', option 'extra': output_dir is the run's own folder; leave it out")
        for name, value in self.extra.items():
            try:
                json.dumps(value)
            except (TypeError, ValueError) as error:
                raise InputError(f"trainer 'trl', option 'extra': {name} is {value!r:.80}; {error}") from error

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        """Fine-tunes ``base_model`` on ``dataset`` and returns ``out/model``; see ``rft.types.Trainer``.

        The same call after an interruption goes on or starts over; after success it returns at once.

        Raises:
            InputError: TRL is not installed, an option is wrong, or the rows do not fit the model.
            TrainerError: training failed; the end of its log is in the message.
        """
        self.check()
        dataset, out = dataset.absolute(), out.absolute()
        options = asdict(self)
        if self.learning_rate is None:
            options["learning_rate"] = LEARNING_RATES[self.method]
        mark = fingerprint(dataset, base_model, options)
        if done := finished(out, mark):
            return done
        partial = begin(out, mark, resumable=self.save_steps is not None)
        shutil.rmtree(partial / "model", ignore_errors=True)
        job = {
            "dataset": str(dataset),
            "base_model": base_model,
            "model_out": str(partial / "model"),
            "checkpoints": str(partial / "checkpoints"),
            "events": str(partial / "events.jsonl"),
            "options": options,
        }
        (partial / "events.jsonl").write_text("")
        (partial / "job.json").write_text(json.dumps(job, indent=1), "utf-8")
        self._run(partial, out / "train.log")
        loadable(partial / "model")
        publish(partial / "model", out, mark)
        return out / "model"

    def _run(self, partial: Path, log: Path) -> None:
        events = _Events(partial / "events.jsonl", self.on_progress)
        program = [sys.executable, "-m", "rft.trainers.trl.program", str(partial / "job.json")]
        code = run_logged(program, log, env=QUIET | _threads(self.processes), on_poll=events.forward)
        if code:
            message = events.error.get("message")
            if events.error.get("kind") == "InputError":
                raise InputError(f"training did not start: {message}")
            reason = f"{message}" if message else f"exit status {code}; the end of its log:\n{tail(log)}\n"
            raise TrainerError(f"training with TRL failed: {reason} (log: {log})")


class _Events:
    """Reads the program's event file as it grows."""

    def __init__(self, file: Path, tell: Callable[[Mapping[str, JSON]], None] | None) -> None:
        self.file, self.tell, self.read, self.error = file, tell, 0, {}  # type: tuple[Path, Any, int, dict[str, JSON]]

    def forward(self) -> None:
        with self.file.open("rb") as stream:
            stream.seek(self.read)
            new = stream.read()
        whole = new[: new.rfind(b"\n") + 1]
        self.read += len(whole)
        for line in whole.splitlines():
            event = json.loads(line)
            if event["event"] == "error":
                self.error = event
            elif self.tell is not None:
                self.tell(event)


def _threads(processes: int | None) -> dict[str, str]:
    """Gives several CPU processes their share of the cores; torchrun would give each a single thread."""
    cores = len(os.sched_getaffinity(0))
    return {} if "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": str(max(1, cores // (processes or 1)))}
