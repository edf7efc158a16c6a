"""Identities of inputs: content counts, a place does not."""

from pathlib import Path

import pytest

from rft.config.schema import Component
from rft.rounds.inputs.identity import FileHashes, component_identity, content, file_contents


def identity(**options: object) -> dict[str, object]:
    found = component_identity(Component.model_validate({"kind": "own", **options}), FileHashes())
    return {name: content(value) for name, value in found.items()}


def test_a_hash_is_read_again_only_when_the_file_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("one")
    first = FileHashes()
    component = Component.model_validate({"kind": "replay", "path": str(path), "n": 3})
    before = component_identity(component, first)
    assert component_identity(component, FileHashes({str(path): {**first.now[str(path)], "sha256": "kept"}})) != before
    path.write_text("two")
    again = FileHashes(first.now)
    assert component_identity(component, again)["path"] != before["path"]
    assert component_identity(component, again)["n"] == 3


def test_a_file_a_folder_a_pattern_and_a_list_count_by_content(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "a.jsonl").write_text("a")
        (tmp_path / name / "sub" / "b.jsonl").write_text("b")
    one, two = (
        {"file": f"{f}/a.jsonl", "folder": f, "pattern": f"{f}/*.jsonl", "list": [f"{f}/a.jsonl"]}
        for f in (str(tmp_path / "one"), str(tmp_path / "two"))
    )
    before = identity(**one)
    assert identity(**two) == before
    (tmp_path / "two" / "sub" / "b.jsonl").write_text("c")
    assert [name for name, value in identity(**two).items() if value != before[name]] == ["folder"]
    (tmp_path / "two" / "a.jsonl").write_text("c")
    after = identity(**two)
    assert [name for name in one if after[name] != before[name]] == ["file", "folder", "pattern", "list"]


@pytest.mark.parametrize("text", ["plain", "/not/there", "/" + 5000 * "x", "/a\0b", "relative/a.jsonl"])
def test_a_text_that_names_no_file_stands_for_itself(text: str) -> None:
    assert identity(prompt=text)["prompt"] == text


def test_where_a_component_works_is_no_input(tmp_path: Path) -> None:
    assert identity(log=str(tmp_path), cwd=str(tmp_path)) == {"kind": "own"}


def test_only_the_files_that_are_named_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("lr = 1")
    component = Component.model_validate({"kind": "own", "configs": [str(tmp_path / "c.toml")], "other": "/x"})
    (found,) = file_contents(component, frozenset({"configs", "absent"}), FileHashes()).items()
    assert found[0] == "configs"
    assert len(found[1][0]) == 16
