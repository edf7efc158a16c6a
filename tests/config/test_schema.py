"""The config: what is allowed, and how what is not is said."""

from pathlib import Path

import pytest

from rft.config.schema import MOVED, check, load, preset_names, read_preset
from rft.config.starter import starter
from rft.errors import InputError

LEAST = "name: a\nmodel: m\ntask: {kind: arithmetic}\n"


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("samplin: {n: 3}", "unknown key 'samplin'.*did you mean 'sampling'"),
        ("sampling: {tempratur: 1}", "unknown key 'sampling.tempratur'.*did you mean 'sampling.temperature'"),
        ("sampling: {n: 0}", "key 'sampling.n' is 0; input should be greater than or equal to 1"),
        ("name: ../escape", "key 'name' is '../escape'"),
        ("prompt: {turn: hello}", "must hold {prompt}"),
        ("version: 7", "key 'version' is 7"),
        ("preset: restme", "unknown preset 'restme'; did you mean 'restem'"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path: Path, extra: str, sentence: str) -> None:
    path = tmp_path / "c.yaml"
    lines = [line for line in LEAST.splitlines() if line.split(":")[0] != extra.split(":")[0]]
    path.write_text("\n".join([*lines, extra]))
    with pytest.raises(InputError, match=sentence):
        load(path)


def test_a_key_of_an_older_layout_is_named_with_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOVED, "sampling.samples", "sampling.n")
    path = tmp_path / "c.yaml"
    path.write_text(LEAST + "sampling: {samples: 3}\n")
    with pytest.raises(InputError, match=r"key 'sampling.samples' is of an older layout; it is 'sampling.n' now"):
        load(path)


@pytest.mark.parametrize(("overrides", "n"), [(["eval.k=[1,6]"], 6), (["eval.k=[5]", "eval.n=3"], 5)])
def test_more_than_the_samples_cannot_be_measured(tmp_path: Path, overrides: list[str], n: int) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LEAST)
    with pytest.raises(InputError, match=rf"eval.k asks for pass@{n}, but eval.n draws \d samples .*set eval.n={n}"):
        load(path, overrides)
    load(path, ["eval.n=2"])  # a k that nobody asked for is left out of the figures


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; `rft init"):
        load(tmp_path / "none.yaml")


def test_overrides_win_over_the_file_and_the_file_over_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LEAST + "preset: restem\nselect: {cap: 4}\n")
    config = load(path, ["sampling.n=3", "task.digits=1"])
    assert (config.sampling.n, config.sampling.top_k, config.select.cap) == (3, 40, 4)
    assert config.task.options == {"digits": 1}


def test_another_kind_of_component_drops_the_options_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LEAST + "train: {kind: trl, epochs: 2}\n")
    assert load(path, ["train.kind=none"]).train.options == {}
    assert load(path, ["train.epochs=5"]).train.options == {"epochs": 5}


def test_an_override_without_a_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LEAST)
    with pytest.raises(InputError, match="not of the form key=value"):
        load(path, ["sampling.n"])


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_part_of_a_valid_config(name: str) -> None:
    check({"name": "a", "model": "m", "task": {"kind": "arithmetic"}, **read_preset(name)}, name)


def test_the_starter_config_is_valid_and_tells_of_every_key(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(starter(path))
    config = load(path)
    assert config.task.options == {"n_problems": 200}
    text = path.read_text()
    assert all(f"{key}:" in text for key in ("max_unjudged", "false_equations", "problems_per_round", "holdout"))


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("examples/*.yaml")), ids=lambda p: p.name)
def test_every_example_is_a_valid_config(path: Path) -> None:
    load(path)
