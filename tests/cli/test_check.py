"""``rft check`` and ``rft cross``: two commands, each with flags of its own."""

import subprocess
import sys
from pathlib import Path

import pytest


def rft(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rft", *words], capture_output=True, text=True, cwd=cwd)


COLUMNS = ("prompt=question", "reference=answer")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["arithmetic", "--cross"], "--cross is a command of its own now: rft cross arithmetic"),
        (["own.jsonl"], "a task is proved by its name: rft check jsonl path=own.jsonl"),
        (["jsonl", "path=empty.jsonl", *COLUMNS], "holds no problems"),
        (["arithmetics"], "did you mean 'arithmetic'"),
    ],
)
def test_what_check_cannot_prove_is_one_sentence(tmp_path: Path, words: list[str], message: str) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    done = rft("check", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_reference_that_is_no_answer_stops_the_gate(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"question": "What is 1 + 1?", "answer": "huh?"}\n')
    done = rft("check", "jsonl", "path=own.jsonl", *COLUMNS, cwd=tmp_path)
    assert done.returncode == 3
    assert "'huh?' holds a question mark" in done.stderr


@pytest.mark.parametrize("flag", ["--out=x.jsonl", "--round=1", "--skip-bad-rows"])
def test_flags_of_cross_are_unknown_to_check(tmp_path: Path, flag: str) -> None:
    done = rft("check", "arithmetic", flag, cwd=tmp_path)
    assert done.returncode == 2
    assert "No such option" in done.stderr
