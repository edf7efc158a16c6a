"""The example plugins run from a folder outside the package, with the ``rft`` script, named as ``module:Class``."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rft
from rft import load_run

ROOT = Path(rft.__file__).parents[1]
SCRIPT = "import sys\nfrom rft.cli.app import main\nsys.exit(main())\n"
"""What an installed script holds; Python looks for modules in the script's folder, not in the current one."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current folder with the plugins in it, and the script elsewhere."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rft").write_text(SCRIPT, "utf-8")
    return Path(shutil.copytree(ROOT / "examples" / "plugins", tmp_path / "own", ignore=shutil.ignore_patterns("__*")))


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(folder.parent / "bin" / "rft"), *words]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})


def test_a_run_of_plugins_goes_through_the_whole_line(folder: Path) -> None:
    done = command(folder, "run", "backwards.yaml", "--json")
    assert done.returncode == 0, done.stderr
    run = load_run(folder / "runs" / "backwards")
    assert (run.samples().num_rows, run.samples(held_out=True).num_rows) == (8 * 6, 4 * 6)
    for sample in run.judged(0).to_pylist():
        word = sample["problem_id"].removeprefix("backwards/")
        says = sample["text"].rstrip(".").split()[-1]
        assert (sample["outcome"] == "correct") is (says == word[::-1])
    assert 0 < run.rows().num_rows <= 8 * 2
    funnel = json.loads(done.stdout)["rounds"][0]["funnel"]
    assert funnel["kept"] == run.rows().num_rows
    assert funnel["dropped"]["wordy"] > 0
    assert funnel["sampled"] == sum(funnel["dropped"].values()) + funnel["kept"]
    assert not any(len(text.split()) > 4 for text in run.rows()["completion"].to_pylist())


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("select.filters=[{kind: 'filter:AtMostWords', n: 0}]", "option 'n'"),
        ("select.filters=[{kind: lenght}]", "did you mean 'length'"),
        ("select.filters=[{kind: length, min_tokens: 5, max_tokens: 2}]", "every sample would be dropped"),
        ("select.filters=[{kind: 'verifier:LastWord'}]", "has no method 'drop'"),
        ("export.formats=[massages]", "did you mean 'messages'"),
    ],
)
def test_a_filter_or_format_that_cannot_be_used_is_one_sentence(folder: Path, override: str, message: str) -> None:
    done = command(folder, "run", "backwards.yaml", override)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_format_that_is_not_asked_for_is_not_written(folder: Path) -> None:
    done = command(folder, "run", "backwards.yaml", "export.formats=[]")
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (folder / "runs" / "backwards" / "round-000" / "export").iterdir()}
    assert names == {"prompt_completion.jsonl", "prompt_completion.parquet"}


def test_options_of_a_plugin_are_checked(folder: Path) -> None:
    done = command(folder, "run", "backwards.yaml", "sampler.mistake=0.1")
    assert done.returncode == 2
    assert "unknown option 'mistake'" in done.stderr
    assert "mistakes" in done.stderr


def test_a_bare_file_is_judged_by_a_verifier_that_the_command_names(folder: Path) -> None:
    line = {"id": "1", "reference": "enots", "completion": "Backwards that is Enots."}
    (folder / "file.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    done = command(folder, "verify", "file.jsonl", "--out", "-", "--verifier", "verifier:LastWord")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "correct"
