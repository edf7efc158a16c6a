"""The process in which TRL trains: reads a job, checks every row, trains, saves a merged bfloat16 model.

``python -m rft.trainers.trl.program JOB.json``. Progress goes to a file of JSON lines (``events`` in the job), so that
it works the same for one process and for several under torchrun; what libraries print goes to the log.
"""

import contextlib
import dataclasses
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rft.errors import InputError, TrainerError, unknown
from rft.models.portable import make_portable
from rft.prompts.training_ids import Encoded, encode, read_rows, stop_ids, writes_stop_token
from rft.trainers.trl.packing import IGNORED, can_pack, pack, packed_trainer
from rft.types import JSON

Emit = Callable[[dict[str, JSON]], None]


def train(job: dict[str, JSON], emit: Emit) -> None:
    """Trains as the job says and writes the model to ``job["model_out"]``.

    Raises:
        InputError: the rows do not fit the model, or an SFTConfig option is wrong.
        TrainerError: the loss is not a number.
    """
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoTokenizer
    from trl import SFTTrainer

    disable_progress_bars()
    options = job["options"]
    tokenizer = AutoTokenizer.from_pretrained(job["base_model"])
    model = _load_model(job["base_model"], options)
    rows = _encode_all(Path(job["dataset"]), tokenizer, model, options["max_length"], emit)
    # On a GPU TRL's own kernels do better; several processes need its way of counting tokens.
    packed = not torch.cuda.is_available() and "LOCAL_RANK" not in os.environ and can_pack(model)
    packed = packed and not options["packing"]
    trainer = _brief_warmup(packed_trainer(SFTTrainer) if packed else SFTTrainer)(
        model=model,
        args=_sft_config(options, job["checkpoints"]),
        train_dataset=Dataset.from_list([_columns(row) for row in rows]),
        processing_class=tokenizer,
        peft_config=_lora(options),
        callbacks=[_progress(emit)],
        data_collator=pack if packed else None,
    )
    trainer.train(resume_from_checkpoint=_last_checkpoint(Path(job["checkpoints"])))
    if trainer.is_world_process_zero():
        _save(trainer.accelerator.unwrap_model(trainer.model), tokenizer, job["base_model"], Path(job["model_out"]))


def _columns(row: Encoded) -> dict[str, list[int]]:
    """Returns the row as every TRL since 1.0 takes it: labels, and the mask that older ones make them from."""
    trained = [i >= row.n_prompt for i in range(len(row.input_ids))]
    labels = [token if own else IGNORED for token, own in zip(row.input_ids, trained, strict=True)]
    return {"input_ids": row.input_ids, "labels": labels, "completion_mask": [int(own) for own in trained]}


def _load_model(base_model: str, options: dict[str, JSON]) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if options["dtype"] == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(base_model, dtype=dtype)
    model.config.use_cache = False
    return model


def _encode_all(dataset: Path, tokenizer: Any, model: Any, max_length: int | None, emit: Emit) -> list[Encoded]:
    """Encodes and checks every row before a step is taken."""
    from rft.prompts.round_trip import check_round_trip

    rows = list(read_rows(dataset))
    if tokenizer.chat_template is None and any(not isinstance(row["prompt"], str) for row in rows):
        raise InputError("the rows are chat messages but the base model has no chat template; set prompt.style: plain")
    stops = stop_ids(tokenizer, model.generation_config.eos_token_id)
    check_round_trip(tokenizer, rows, stops=stops)
    context = getattr(model.config, "max_position_embeddings", None)
    limit = min(n for n in (max_length, context, sys.maxsize) if n is not None)
    kept, too_long, stop_inside = [], 0, 0
    for row in rows:
        encoded = encode(tokenizer, row, stops)
        if len(encoded.input_ids) > limit:
            too_long += 1
        elif writes_stop_token(tokenizer, row, stops):
            stop_inside += 1
        else:
            kept.append(encoded)
    emit({"event": "data", "rows": len(kept), "too_long": too_long, "stop_token_inside": stop_inside,
          "tokens": sum(len(r.input_ids) for r in kept), "max_length": limit})  # fmt: skip
    if not kept:
        raise InputError(f"none of the {len(rows)} rows can be trained on: {too_long} are longer than {limit} tokens")
    return kept


def _sft_config(options: dict[str, JSON], checkpoints: str) -> Any:
    import torch
    from transformers.utils import is_torch_bf16_gpu_available
    from trl import SFTConfig

    gpu = torch.cuda.is_available()
    mixed = options["dtype"] == "bf16-mixed" or (
        options["dtype"] == "auto" and (not gpu or is_torch_bf16_gpu_available())
    )
    world = int(os.environ.get("WORLD_SIZE", "1"))
    settings: dict[str, Any] = {
        "output_dir": checkpoints,
        "num_train_epochs": options["epochs"],
        "learning_rate": options["learning_rate"],
        "per_device_train_batch_size": max(1, options["batch_size"] // world),
        "gradient_accumulation_steps": options["gradient_accumulation"],
        "lr_scheduler_type": options["lr_scheduler"],
        "weight_decay": options["weight_decay"],
        "seed": options["seed"],
        "gradient_checkpointing": options["gradient_checkpointing"],
        "packing": options["packing"],
        "max_length": options["max_length"] or (2048 if options["packing"] else None),
        "logging_steps": options["logging_steps"],
        "logging_nan_inf_filter": False,  # else a loss that is no number is logged as the last good one
        "bf16": mixed,
        "use_cpu": not gpu,
        "completion_only_loss": True,
        "report_to": "none",
        "disable_tqdm": True,
        "save_strategy": "steps" if options["save_steps"] else "no",
        "save_steps": options["save_steps"] or 500,
        "save_total_limit": 2,
        "dataloader_pin_memory": gpu,
    }
    fields = {f.name for f in dataclasses.fields(SFTConfig)}
    settings |= _renamed(options, fields)
    for name in options["extra"]:
        if name not in fields or name == "output_dir":
            raise unknown(
                "SFTConfig argument", name, fields - {"output_dir"}, where=" in trainer 'trl', option 'extra'"
            )

    try:
        return SFTConfig(**{**settings, **options["extra"]})
    except (TypeError, ValueError) as error:
        raise InputError(f"trainer 'trl': SFTConfig refuses an option: {error}") from error


def _renamed(options: dict[str, JSON], fields: set[str]) -> dict[str, Any]:
    """Returns the arguments that transformers 5 calls by other names than 4."""
    five = "train_sampling_strategy" in fields
    # Batches of rows of like length waste little on padding.
    grouped = {"train_sampling_strategy": "group_by_length"} if five else {"group_by_length": True}
    # In 5 a number of steps below 1 is a share of all steps.
    warmup = {"warmup_steps" if five else "warmup_ratio": options["warmup_ratio"]}
    return warmup if options["packing"] else warmup | grouped


def _brief_warmup(trainer: Any) -> Any:
    """Returns the trainer class with at least one step after the warm-up.

    transformers rounds a share up to a whole step, and the first step's learning rate is 0: without this, a training of
    a single step would change nothing.
    """

    class BriefWarmup(trainer):  # type: ignore[misc]
        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            self.args.warmup_steps = min(self.args.get_warmup_steps(num_training_steps), num_training_steps - 1)
            if getattr(self.args, "warmup_ratio", None):  # transformers 4 turns to it when the steps are 0
                self.args.warmup_ratio = 0.0
            return super().create_scheduler(num_training_steps, optimizer)

    return BriefWarmup


def _lora(options: dict[str, JSON]) -> Any:
    if options["method"] != "lora":
        return None
    from peft import LoraConfig

    targets = options["lora_targets"]
    return LoraConfig(
        r=options["lora_r"],
        lora_alpha=options["lora_alpha"],
        lora_dropout=options["lora_dropout"],
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )


def _progress(emit: Emit) -> Any:
    """Returns the callback that reports steps, and stops a run whose loss is no longer a number."""
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.begin, self.first = time.monotonic(), state.global_step
            emit({"event": "start", "step": state.global_step, "steps": state.max_steps})

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not state.is_world_process_zero or "loss" not in (logs or {}):
                return
            if not math.isfinite(float(logs["loss"])):
                raise TrainerError(
                    f"the loss at step {state.global_step} is {logs['loss']}; a lower learning_rate may help"
                )
            elapsed = time.monotonic() - self.begin
            left = state.max_steps - state.global_step
            emit({"event": "step", "step": state.global_step, "steps": state.max_steps, "loss": float(logs["loss"]),
                  "learning_rate": logs.get("learning_rate"), "epoch": state.epoch, "elapsed_s": round(elapsed, 2),
                  "eta_s": round(elapsed / max(1, state.global_step - self.first) * left, 1)})  # fmt: skip

    return Report()


def _last_checkpoint(folder: Path) -> str | None:
    """Returns the newest checkpoint that was written to its end; the trainer's state is the last file of each."""
    found = [f for f in folder.glob("checkpoint-*") if (f / "trainer_state.json").is_file()]
    return str(max(found, key=lambda f: int(f.name.rpartition("-")[2]))) if found else None


def _save(model: Any, tokenizer: Any, base_model: str, out: Path) -> None:
    import torch
    from transformers import GenerationConfig

    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model.config.use_cache = True
    # The trainer writes its own pad and end tokens over the model's; the next round must stop where the base did.
    # A base without such a file raises OSError: what the trainer made of its config stands.
    with contextlib.suppress(OSError):
        model.generation_config = GenerationConfig.from_pretrained(base_model)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    make_portable(out)


def main(job_file: str) -> int:
    """Runs a job; what the user can mend goes out as an event of its own."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    _spread(job_file, job["options"]["processes"])

    def emit(event: dict[str, JSON]) -> None:
        if int(os.environ.get("RANK", "0")) == 0:
            with Path(job["events"]).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(event) + "\n")

    try:
        train(job, emit)
    except (InputError, TrainerError) as error:
        emit({"event": "error", "kind": type(error).__name__, "message": str(error)})
        return 1
    return 0


def _spread(job_file: str, processes: int | None) -> None:
    """Becomes torchrun when several processes are wanted (default: one per visible GPU) and this is none of them."""
    import torch

    wanted = processes or max(1, torch.cuda.device_count())
    if wanted > 1 and "LOCAL_RANK" not in os.environ:
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={wanted}"]
        os.execv(sys.executable, [sys.executable, *launcher, "-m", "rft.trainers.trl.program", job_file])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
