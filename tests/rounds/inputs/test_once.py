"""The one rule of staleness."""

from itertools import count
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.rounds.inputs.once import once
from rft.store.files import read_json, write_json
from rft.store.fingerprint import fingerprint


def test_equal_inputs_give_what_was_left_and_make_nothing(tmp_path: Path) -> None:
    numbers = count(1)
    for _ in range(3):
        result = once(tmp_path / "r.json", {"a": 1}, lambda: {"n": next(numbers)})
    assert result["n"] == 1
    assert next(numbers) == 2


def test_a_change_is_said_by_name_before_the_work_begins(tmp_path: Path) -> None:
    events: list[object] = []

    def make() -> dict[str, int]:
        events.append("made")
        return {"n": 1}

    once(tmp_path / "r.json", {"rows": [1], "options": {"lr": 1}}, make, outdated=events.append)
    once(tmp_path / "r.json", {"rows": [1], "options": {"lr": 2}}, make, outdated=events.append)
    assert events == ["made", ["options"], "made"]


def test_a_lost_product_is_made_again(tmp_path: Path) -> None:
    product = tmp_path / "rows"

    def make() -> dict[str, int]:
        product.write_text("x")
        return {}

    for _ in range(2):
        once(tmp_path / "r.json", {"a": 1}, make, holds=lambda _: product.exists())
        assert product.exists()
        product.unlink()


def test_a_refused_change_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    once(tmp_path / "r.json", {"a": 1}, lambda: {"n": 1})
    before = (tmp_path / "r.json").read_text()

    def refuse(names: list[str]) -> None:
        raise InputError("closed")

    with pytest.raises(InputError, match="closed"):
        once(tmp_path / "r.json", {"a": 2}, lambda: {"n": 2}, outdated=refuse)
    assert (tmp_path / "r.json").read_text() == before


def test_work_that_fails_is_not_recorded_as_done(tmp_path: Path) -> None:
    def fail() -> dict[str, int]:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        once(tmp_path / "r.json", {"a": 1}, fail)
    assert read_json(tmp_path / "r.json") == {}


def test_a_record_of_an_earlier_version_still_counts(tmp_path: Path) -> None:
    write_json(tmp_path / "r.json", {"fingerprint": fingerprint({"lr": 1}, ["rows"], "model"), "path": "old"})
    inputs = {"train": {"lr": 1}, "rows": ["rows"], "start": "model"}
    assert once(tmp_path / "r.json", inputs, lambda: {"path": "new"})["path"] == "old"
