"""The configs under examples/trainers: right as far as can be seen here, and TRL's command line really trains."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rft.config import schema as config
from rft.errors import InputError
from rft.models import check_model, identity
from rft.registry import build
from rft.trainers.command import PLACEHOLDERS, CommandTrainer
from tests.small_models import small_model

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(f for f in (ROOT / "examples" / "trainers").glob("*.yaml") if not f.stem.endswith(".train"))


def trainer(example: Path) -> CommandTrainer:
    train = config.load(example).train
    assert train.kind == "command"
    made: CommandTrainer = build("trainer", "command", CommandTrainer, train.options)
    return made


def write_rows(folder: Path, n: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    prompts = [[{"role": "user", "content": f"What is {a} + {a}?"}] for a in range(11, 11 + n)]
    answers = [[{"role": "assistant", "content": f"It is \\boxed{{{2 * a}}}."}] for a in range(11, 11 + n)]
    pairs = list(zip(prompts, answers, strict=True))
    messages = "".join(json.dumps({"messages": p + a}) + "\n" for p, a in pairs)
    (folder / "messages.jsonl").write_text(messages)
    file = folder / "prompt_completion.jsonl"
    file.write_text("".join(json.dumps({"prompt": p, "completion": a}) + "\n" for p, a in pairs))
    return file


def test_there_is_one_for_every_trainer_that_is_promised() -> None:
    assert {f.stem for f in EXAMPLES} == {"trl_cli", "axolotl", "llamafactory", "torchtune"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda f: f.stem)
def test_an_example_reaches_its_program_with_everything_filled_in(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of the trainer runs a program that shows what it was given, configs included, and copies the base."""
    monkeypatch.chdir(ROOT)
    show = "import shutil, sys; print(*sys.argv[3:]); shutil.copytree(sys.argv[1], sys.argv[2])"
    base, out = small_model(tmp_path / "base"), tmp_path / "out"
    work = trainer(example)
    assert isinstance(work.command, str)
    inside = work.model_subdir.replace("*", "0")
    shown = [sys.executable, "-c", show, "{base_model}", f"{{out}}/{inside}/m", *work.command.split()]
    model = replace(work, command=shown, model_subdir=f"{work.model_subdir}/m").fit(
        write_rows(tmp_path, 2), str(base), out
    )
    check_model(model)
    given = (out / "train.log").read_text() + "".join(f.read_text() for f in (out / "configs").iterdir())
    for path in (str(base), str(out / "partial")):
        assert path in given
    assert str(tmp_path / "messages.jsonl") in given or str(tmp_path / "prompt_completion.jsonl") in given
    for file in (out / "configs").iterdir():
        assert not any(f"{{{name}}}" in file.read_text() for name in PLACEHOLDERS)
        assert (json.loads if file.suffix == ".json" else yaml.safe_load)(file.read_text())


@pytest.mark.parametrize("example", [f for f in EXAMPLES if f.stem != "trl_cli"], ids=lambda f: f.stem)
def test_a_trainer_that_is_not_installed_is_named(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(InputError, match="is not found here; install it or give its path"):
        trainer(example).fit(write_rows(tmp_path, 2), str(small_model(tmp_path / "base")), tmp_path / "out")


@pytest.mark.train
def test_the_trl_command_line_trains_the_embedded_model(
    tmp_path: Path, smollm2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    work = trainer(ROOT / "examples" / "trainers" / "trl_cli.yaml")
    model = work.fit(write_rows(tmp_path, 4), str(smollm2), tmp_path / "out")
    check_model(model)
    assert identity(str(model)) != identity(str(smollm2))
    assert "train_loss" in (tmp_path / "out" / "train.log").read_text()
