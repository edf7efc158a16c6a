"""Grouping on disk: everything comes back once, together, in an order that hangs on keys only."""

from pathlib import Path
from random import Random

from rft.store.grouping import group


def records(n: int) -> list[dict[str, int | str]]:
    return [{"key": f"k{i % 97}", "i": i} for i in range(n)]


def test_every_record_comes_back_once_under_its_key(tmp_path: Path) -> None:
    found = dict(group({"a": records(1000), "b": records(10)}, lambda r: str(r["key"]), 25_000, tmp_path))
    assert sorted(r["i"] for streams in found.values() for r in streams["a"]) == list(range(1000))
    assert [r["i"] for r in found["k3"]["a"]] == [i for i in range(1000) if i % 97 == 3]
    assert found["k3"]["b"] == [{"key": "k3", "i": 3}]
    assert found["k50"]["b"] == []
    assert list(tmp_path.iterdir()) == []


def test_the_order_does_not_hang_on_arrival(tmp_path: Path) -> None:
    shuffled = records(500)
    Random(1).shuffle(shuffled)
    keys = [
        [key for key, _ in group({"a": stream}, lambda r: str(r["key"]), 25_000, tmp_path)]
        for stream in (records(500), shuffled)
    ]
    assert keys[0] == keys[1]
