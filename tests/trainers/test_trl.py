"""The built-in trainer on the embedded model, on the CPU: real training, a few steps each."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError, TrainerError
from rft.models import check_model, identity
from rft.registry import build, load
from rft.trainers import TRAINERS
from rft.trainers.trl.trainer import TrlTrainer
from tests.trainers.test_command import processes_with, wait_for

pytestmark = pytest.mark.train


def write_rows(file: Path, n: int) -> Path:
    rows = (
        {
            "prompt": [{"role": "user", "content": f"What is {a} + {a + 2}?"}],
            "completion": [
                {"role": "assistant", "content": f"{a} + {a + 2} = {2 * a + 2}, so \\boxed{{{2 * a + 2}}}."}
            ],
        }
        for a in range(11, 11 + n)
    )
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "prompt_completion.jsonl", 16)


def watched(**options: Any) -> tuple[TrlTrainer, list[dict[str, Any]]]:
    trainer: TrlTrainer = build("trainer", "trl", load("trainer", "trl", TRAINERS), options)
    events: list[dict[str, Any]] = []
    trainer.on_progress = lambda event: events.append(dict(event))
    return trainer, events


def greedy(folder: Path, question: str) -> str:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert str(model.dtype) == "torch.bfloat16"
    message = [{"role": "user", "content": question}]
    ids = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    written = model.generate(**ids, max_new_tokens=40, do_sample=False)[0][ids["input_ids"].shape[1] :]
    return str(tokenizer.decode(written))


def generation_config(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "generation_config.json").read_text("utf-8"))
    return {name: value for name, value in values.items() if name != "transformers_version"}


@pytest.mark.parametrize(
    "options", [{"learning_rate": 1e-4}, {"method": "lora", "learning_rate": 1e-3}], ids=["full", "lora"]
)
def test_it_learns_and_leaves_a_model_that_stops(
    tmp_path: Path, smollm2: Path, dataset: Path, options: dict[str, Any]
) -> None:
    trainer, events = watched(epochs=3, batch_size=4, logging_steps=1, **options)
    model = trainer.fit(dataset, str(smollm2), tmp_path / "out")
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert len(losses) == 12
    assert sum(losses[-4:]) < 0.5 * sum(losses[:4])
    assert events[-1]["eta_s"] == 0
    assert {"rows": 16, "too_long": 0, "stop_token_inside": 0}.items() <= events[0].items()
    check_model(model)
    assert not list(model.glob("adapter*"))
    assert identity(str(model)) != identity(str(smollm2))
    for file in ("chat_template.jinja", "tokenizer.json"):
        assert (model / file).read_bytes() == (smollm2 / file).read_bytes(), file
    assert generation_config(model) == generation_config(smollm2)
    answer = greedy(model, "What is 31 + 33?")
    assert "\\boxed{" in answer
    assert answer.endswith("}.<|im_end|>")
    again, events = watched(epochs=3, batch_size=4, logging_steps=1, **options)
    assert again.fit(dataset, str(smollm2), tmp_path / "out") == model
    assert not events, "the same call after success trains nothing"


def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path: Path, smollm2: Path, dataset: Path) -> None:
    """kill -9 of the run's own process: the trainer ends with it, and the same call finishes the work."""
    options = {"epochs": 2.0, "batch_size": 2, "logging_steps": 1, "save_steps": 4}
    program = (
        "import json, sys; from pathlib import Path; from rft.trainers.trl.trainer import TrlTrainer; "
        "TrlTrainer(**json.loads(sys.argv[1])).fit(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))"
    )
    arguments = [json.dumps(options), str(dataset), str(smollm2), str(tmp_path / "out")]
    checkpoint = tmp_path / "out" / "partial" / "checkpoints" / "checkpoint-4" / "trainer_state.json"
    with subprocess.Popen([sys.executable, "-c", program, *arguments]) as parent:
        wait_for(lambda: checkpoint.is_file() or parent.poll() is not None, limit_s=180)
        assert processes_with(str(tmp_path / "out" / "partial" / "job.json"))
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(lambda: not processes_with(str(tmp_path / "out" / "partial" / "job.json")))
    trainer, events = watched(**options)
    check_model(trainer.fit(dataset, str(smollm2), tmp_path / "out"))
    begin = next(event for event in events if event["event"] == "start")
    assert begin["step"] >= 4
    assert [event["step"] for event in events if event["event"] == "step"][-1] == begin["steps"] == 16
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["model", "train.log"]


def test_rows_are_left_out_and_counted_never_cut(tmp_path: Path, smollm2: Path) -> None:
    file = write_rows(tmp_path / "rows.jsonl", 3)
    long = {"prompt": [{"role": "user", "content": "x"}], "completion": [{"role": "assistant", "content": "7 " * 200}]}
    cut = {
        "prompt": [{"role": "user", "content": "x"}],
        "completion": [{"role": "assistant", "content": "a<|im_end|>b"}],
    }
    file.write_text(file.read_text() + json.dumps(long) + "\n" + json.dumps(cut) + "\n")
    trainer, events = watched(epochs=1, max_length=100)
    trainer.fit(file, str(smollm2), tmp_path / "out")
    assert {"rows": 3, "too_long": 1, "stop_token_inside": 1}.items() <= events[0].items()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extra": {"lerning_rate": 1}}, "unknown SFTConfig argument 'lerning_rate'.*did you mean 'learning_rate'"),
        ({"lr_scheduler": "zigzag"}, "SFTConfig refuses an option: .*zigzag"),
        ({"max_length": 5}, "none of the 16 rows can be trained on: 16 are longer than 5 tokens"),
        ({"packing": True}, "packing needs max_length"),
        ({"batch_size": 3, "processes": 2}, "cannot be shared by 2 processes"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    tmp_path: Path, smollm2: Path, dataset: Path, options: dict[str, Any], said: str
) -> None:
    trainer, events = watched(**options)
    with pytest.raises(InputError, match=said) as caught:
        trainer.fit(dataset, str(smollm2), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert "step" not in {event["event"] for event in events}


def test_a_template_that_does_not_end_answers_stops_it_before_a_step(
    tmp_path: Path, smollm2: Path, dataset: Path
) -> None:
    model = tmp_path / "base"
    shutil.copytree(smollm2, model, copy_function=os.link)
    (model / "chat_template.jinja").unlink()
    (model / "chat_template.jinja").write_text("{% for m in messages %}{{ m['content'] }}\n{% endfor %}")
    trainer, events = watched()
    with pytest.raises(InputError, match="never learn to stop"):
        trainer.fit(dataset, str(model), tmp_path / "out")
    assert not [event for event in events if event["event"] in {"start", "step"}]


def test_a_training_that_breaks_shows_the_end_of_its_log(tmp_path: Path, smollm2: Path, dataset: Path) -> None:
    model = tmp_path / "base"
    shutil.copytree(smollm2, model, copy_function=os.link)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").unlink()
    (model / "config.json").write_text(json.dumps({**config, "hidden_size": 64}))
    with pytest.raises(TrainerError, match=r"(?s)exit status 1; the end of its log:.*train\.log"):
        watched()[0].fit(dataset, str(model), tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()


def test_a_loss_that_is_no_number_stops_it(tmp_path: Path, smollm2: Path) -> None:
    dataset = write_rows(tmp_path / "rows.jsonl", 3)
    trainer, _ = watched(learning_rate=1e30, logging_steps=1, batch_size=1, warmup_ratio=0.0)
    with pytest.raises(TrainerError, match="a lower learning_rate may help"):
        trainer.fit(dataset, str(smollm2), tmp_path / "out")


def test_a_training_of_one_step_takes_it(tmp_path: Path, smollm2: Path) -> None:
    trainer, events = watched(epochs=1, batch_size=8)
    model = trainer.fit(write_rows(tmp_path / "rows.jsonl", 3), str(smollm2), tmp_path / "out")
    assert {"steps": 1}.items() <= events[1].items()
    assert (model / "model.safetensors").read_bytes() != (smollm2 / "model.safetensors").read_bytes()
