"""Datasets through the `datasets` library: local folders for real, the hub's absence for real."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.tasks.sources.hub import Hub


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "test"):
        rows = [{"question": f"{split} {n}?", "answer": str(n), "level": n % 3} for n in range(5)]
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(data)


def test_a_local_folder_is_read_with_its_splits(folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    task = Hub(dataset=folder, prompt="question", reference="answer", metadata=("level",))
    problems = list(task.problems("test"))
    assert [problem.prompt for problem in problems] == [f"test {n}?" for n in range(5)]
    assert problems[4].id == "test/5"
    assert problems[4].metadata == {"level": 1}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("split", "column", "said"),
    [("train", "answr", "unknown column 'answr' in"), ("dev", "answer", "split 'dev' could not be loaded")],
)
def test_missing_columns_and_splits_are_refused(folder: str, split: str, column: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        list(Hub(dataset=folder, prompt="question", reference=column).problems(split))
    assert said in str(caught.value)
    assert folder in str(caught.value)


def test_a_folder_with_torn_data_gives_one_sentence(folder: str) -> None:
    (Path(folder) / "train.jsonl").write_text('{"question": "1?", "ans')
    with pytest.raises(InputError, match="could not be loaded") as caught:
        list(Hub(dataset=folder).problems("train"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "task",
    [
        "hub.Hub(dataset='nobody/nothing')",
        "hub.Hub(dataset='./none')",
        "math.Math()",
        "gsm8k.Gsm8k(source='hub')",
        "mbpp.Mbpp(source='hub')",
        "apps.Apps()",
        "codecontests.CodeContests()",
    ],
)
def test_without_the_hub_the_next_step_is_named(task: str, tmp_path: Path) -> None:
    program = f"""
from rft.errors import InputError
from rft.tasks import apps, codecontests, gsm8k, math, mbpp
from rft.tasks.sources import hub
try:
    list({task}.problems("train"))
except InputError as error:
    print(error)
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "could not be loaded" in done.stdout
    assert "its files as a local path" in done.stdout
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
