"""The first commands on a new machine: ``rft hello`` without an engine, completion of the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rft import load_run


def rft(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rft", *words], capture_output=True, text=True, cwd=cwd, env=os.environ | variables
    )


def test_hello_runs_the_whole_line_where_no_engine_can_be_imported(tmp_path: Path) -> None:
    for name in ("torch", "vllm", "transformers", "trl"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('there is no engine here')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2])])
    done = rft("hello", "--json", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["evaluations"][0]["n_samples"] == 80
    (row,) = figures["rounds"]
    assert row["training_problems"]["n_samples"] == 240
    assert row["funnel"]["kept"] == load_run(tmp_path / "runs" / "hello").rows().num_rows > 0


def test_a_second_hello_has_nothing_to_do(tmp_path: Path) -> None:
    first, second = (rft("hello", "--runs", "own", cwd=tmp_path) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), second.stderr
    assert (tmp_path / "own" / "hello" / "metrics.json").exists()
    assert first.stdout == second.stdout


@pytest.mark.parametrize(("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc")])
def test_completion_is_installed_for_a_shell(tmp_path: Path, shell: str, file: str) -> None:
    variables = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = rft("--install-completion", shell, cwd=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "completion installed" in done.stdout
    assert (tmp_path / file).read_text()


def test_the_standard_input_is_refused_with_its_reason(tmp_path: Path) -> None:
    done = rft("verify", "-", "--out", "-", cwd=tmp_path)
    assert done.returncode == 2
    assert "the standard input can be read once only" in done.stderr
