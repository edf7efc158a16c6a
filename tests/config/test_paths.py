"""Paths in a config file belong to its folder, those of overrides to the current one."""

from pathlib import Path

import pytest

from rft.config.schema import load

TEXT = """
name: a
model: {model}
task: {{kind: jsonl, path: {{train: a.jsonl, test: data/b.jsonl}}}}
sampler: {{kind: replay, path: "old/*.parquet"}}
train: {{kind: command, command: python train.py, configs: [c.toml], cwd: ..}}
trackers: [{{kind: jsonl, path: events.jsonl}}]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config in ``project``, while the current folder is ``elsewhere``."""
    for name in ("project", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = tmp_path / "project" / "run.yaml"
    path.write_text(TEXT.format(model="smollm2-135m"))
    return path


def test_paths_in_the_file_are_taken_from_its_folder(config: Path) -> None:
    loaded, folder = load(config), config.parent
    assert loaded.task.options["path"] == {"train": str(folder / "a.jsonl"), "test": str(folder / "data/b.jsonl")}
    assert loaded.sampler.options["path"] == str(folder / "old/*.parquet")
    assert loaded.train.options["configs"] == [str(folder / "c.toml")]
    assert Path(loaded.train.options["cwd"]).resolve() == folder.parent
    assert loaded.train.options["command"] == "python train.py"
    assert loaded.trackers[0].options["path"] == str(folder / "events.jsonl")


def test_a_relative_path_to_the_config_gives_the_same(config: Path) -> None:
    assert load(Path("../project/run.yaml")).task.options["path"]["train"].endswith("/a.jsonl")
    assert (Path.cwd() / load(Path("../project/run.yaml")).sampler.options["path"]).parent.parent.samefile(
        config.parent
    )


def test_paths_in_overrides_are_taken_from_the_current_folder(config: Path) -> None:
    loaded = load(config, ["sampler.path=b.jsonl", "task.path=/data/c.jsonl", "trackers=[{kind: jsonl, path: e}]"])
    assert loaded.sampler.options["path"] == str(Path.cwd() / "b.jsonl")
    assert loaded.task.options["path"] == "/data/c.jsonl"
    assert loaded.trackers[0].options["path"] == str(Path.cwd() / "e")


def test_runs_lie_in_the_current_folder_unless_the_file_says_where(config: Path) -> None:
    assert load(config).run_dir == Path.cwd() / "runs" / "a"
    config.write_text(config.read_text() + "runs: results\n")
    assert load(config).run_dir == config.parent / "results" / "a"
    assert load(config, ["runs=here"]).run_dir == Path.cwd() / "here" / "a"


@pytest.mark.parametrize(("model", "is_path"), [("mine", True), ("./gone", True), ("smollm2-135m", False)])
def test_a_model_is_a_path_where_a_folder_of_that_name_is(config: Path, model: str, is_path: bool) -> None:
    (config.parent / "mine").mkdir()
    config.write_text(TEXT.format(model=model))
    loaded = load(config).model
    assert loaded == (str(config.parent / model) if is_path else model)


def test_urls_and_names_are_no_paths(config: Path) -> None:
    loaded = load(config, ["task={kind: hf, source: openai/gsm8k}", "sampler.path=s3://bucket/a.parquet"])
    assert loaded.task.options["source"] == "openai/gsm8k"
    assert loaded.sampler.options["path"] == "s3://bucket/a.parquet"
