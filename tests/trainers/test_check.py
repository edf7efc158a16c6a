"""What is wrong with a trainer is said before anything is sampled: ``check`` needs no dataset and no model."""

import datetime
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.registry import build, load
from rft.trainers import TRAINERS
from rft.trainers.command import CommandTrainer
from rft.trainers.trl.trainer import TrlTrainer

ROOT = Path(__file__).parents[2]
GOOD = [sys.executable, "{train_file}", "{out}"]


def trl(**options: Any) -> TrlTrainer:
    built: TrlTrainer = build("trainer", "trl", load("trainer", "trl", TRAINERS), options)
    return built


def command(**options: Any) -> CommandTrainer:
    built: CommandTrainer = build("trainer", "command", CommandTrainer, {"command": GOOD, **options})
    return built


@pytest.mark.train
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"learning_rate": 1e-6, "epochs": 0.1, "max_length": 2, "save_steps": 1, "processes": 2},
        {"packing": True, "max_length": 512, "method": "lora", "lora_targets": ["q_proj"]},
        {"extra": {"optim": "adafactor", "lr_scheduler_kwargs": {"a": [1]}}, "seed": 2**32 - 1},
    ],
)
def test_good_options_of_the_built_in_trainer_pass(options: dict[str, Any]) -> None:
    trl(**options).check()


@pytest.mark.train
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"batch_size": 0}, "option 'batch_size': must be at least 1"),
        ({"epochs": 0}, "option 'epochs': must be above 0"),
        ({"epochs": float("inf")}, "option 'epochs': must be .*; seen: inf"),
        ({"gradient_accumulation": 0}, "'gradient_accumulation': must be .*; seen: 0"),
        ({"lora_r": 0}, "'lora_r': must be at least 1"),
        ({"lora_alpha": -1}, "'lora_alpha': must be .*; seen: -1"),
        ({"lora_dropout": 1.0}, "'lora_dropout': must be from 0 to 0.99"),
        ({"lora_targets": ()}, "'lora_targets' is empty"),
        ({"max_length": 0}, "'max_length': must be at least 2"),
        ({"learning_rate": 0}, "'learning_rate': must be above 0"),
        ({"learning_rate": float("nan")}, "'learning_rate': must be .*; seen: nan"),
        ({"warmup_ratio": 1}, "'warmup_ratio': must be .*; seen: 1"),
        ({"weight_decay": -0.1}, "'weight_decay': must be at least 0"),
        ({"seed": 2**32}, "'seed': must be from 0 to 4294967295"),
        ({"logging_steps": 0}, "'logging_steps': must be .*; seen: 0"),
        ({"save_steps": 0}, "'save_steps': must be .*; seen: 0"),
        ({"processes": 0}, "'processes': must be .*; seen: 0"),
        ({"packing": True}, "packing needs max_length"),
        ({"packing": True, "method": "lora"}, "packing needs max_length"),
        ({"batch_size": 3, "processes": 2}, "batch_size 3 cannot be shared by 2 processes"),
        ({"extra": {"output_dir": "x"}}, "output_dir is the run's own folder"),
        ({"extra": {"when": datetime.date(2020, 1, 1)}}, "'extra': when is datetime.date.* not JSON serializable"),
    ],
    ids=str,
)
def test_a_wrong_option_of_the_built_in_trainer_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        trl(**options).check()


@pytest.mark.train
def test_the_check_imports_nothing_heavy() -> None:
    program = (
        "import sys; from rft.trainers.trl.trainer import TrlTrainer; "
        "TrlTrainer(method='lora').check(); print(*sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"torch", "transformers", "trl", "peft", "datasets", "accelerate"} & set(shown.stdout.split())


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rft.trainers.trl.trainer.find_spec", lambda name: None)
    said = r"trainer 'trl' needs torch, transformers, trl, datasets, accelerate, peft, not installed here: pip install"
    with pytest.raises(InputError, match=said):
        TrlTrainer(method="lora").check()


def test_good_options_of_a_command_pass(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("data: {train_file}\nout: {out}\n")
    script = tmp_path / "train.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    command().check()
    command(command="./train.sh {configs}/config.yaml", configs=[config], cwd=tmp_path, timeout_s=0.5).check()
    command(command="train.sh {messages_file} {out}", env={"PATH": str(tmp_path)}, model_subdir="./a/epoch_*").check()
    command(command=["{base_model}/train.sh", "{messages_file}", "{out}"]).check()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"command": []}, "the command is empty"),
        ({"command": "'x {train_file} {out}"}, "cannot be split"),
        ({"command": [sys.executable, "{train_file}"]}, r"name \{out\}"),
        ({"command": [sys.executable, "{out}"]}, r"\{train_file\} or \{messages_file\}"),
        ({"command": [*GOOD, "{model}"]}, r"unknown placeholder '\{model\}'; allowed"),
        ({"env": {"A": "{model}"}}, r"unknown placeholder '\{model\}'"),
        ({"command": ["no-such-program", *GOOD]}, "'no-such-program' is not found here"),
        ({"command": ["/no/such/program", *GOOD]}, "'/no/such/program' is not found here"),
        ({"command": ["./train.sh", *GOOD], "cwd": "/"}, "'./train.sh' is not found here"),
        ({"command": ["python3", *GOOD], "env": {"PATH": "/nonexistent"}}, "'python3' is not found here"),
        ({"configs": ["missing.yaml"]}, "option 'configs': missing.yaml cannot be read"),
        ({"configs": [__file__, __file__]}, "two files have the same name"),
        ({"cwd": "/nonexistent"}, "option 'cwd': folder /nonexistent does not exist"),
        ({"cwd": __file__}, "option 'cwd': folder .* does not exist"),
        ({"timeout_s": 0}, "option 'timeout_s': must be above 0"),
        ({"timeout_s": float("nan")}, "option 'timeout_s': must be .*; seen: nan"),
        ({"model_subdir": "epoch_**"}, r"option 'model_subdir' is 'epoch_\*\*'; a folder inside"),
        ({"model_subdir": "/abs"}, "option 'model_subdir' is '/abs'"),
        ({"model_subdir": "a/../.."}, "option 'model_subdir' is"),
        ({"env": {"A=B": "x"}}, "option 'env': 'A=B' cannot be"),
        ({"env": {"A": "\0"}}, "a NUL character"),
        ({"command": [*GOOD, "\0"]}, "a NUL character"),
    ],
    ids=str,
)
def test_a_wrong_option_of_a_command_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        command(**options).check()


def test_a_program_that_may_not_run_is_not_found(tmp_path: Path) -> None:
    script = tmp_path / "train.sh"
    script.write_text("#!/bin/sh\n")
    for place in (str(script), str(tmp_path)):
        with pytest.raises(InputError, match="is not found here"):
            command(command=[place, *GOOD]).check()


def test_a_check_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command().check()
    assert os.listdir(tmp_path) == []  # noqa: PTH208
