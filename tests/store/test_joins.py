"""Joins over logs: nothing lost, nothing doubled, the last verdict counts, memory stays within its bound."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from rft.errors import InputError
from rft.store import joins
from rft.store.stage import StageFolder
from rft.store.streams import one_ahead
from rft.types import FinishReason, Outcome, Problem, Sample, Verdict


def problem(number: int) -> Problem:
    return Problem(f"p{number}", f"question {number}", "math", str(number), "own", "train", {"level": number})


def sample(number: int, index: int, text: str = "text") -> Sample:
    return Sample(f"p{number}", 0, index, text, 3, FinishReason.STOP, "e", None)


def filled(path: Path, n_problems: int, n_samples: int = 2, text: str = "text") -> StageFolder:
    folder = StageFolder(path)
    for number in range(n_problems):
        for index in reversed(range(n_samples)):
            folder.add_sample(sample(number, index, text))
            folder.add_verdicts(f"p{number}", {index: Verdict(Outcome.CORRECT, "v-1")})
    return folder


def test_every_problem_has_its_samples_in_the_order_of_their_index(tmp_path: Path) -> None:
    folder = filled(tmp_path / "stage", 3)
    groups = list(folder.groups([problem(2), problem(7), problem(0)], ["v-1"]))
    indices = [(group.problem.id, [sample.index for sample in group.samples]) for group in groups]
    assert indices == [("p2", [0, 1]), ("p7", []), ("p0", [0, 1])]
    assert sorted(groups[0].verdicts) == [0, 1]


def test_the_last_verdict_counts_across_shards_journal_and_verifiers(tmp_path: Path) -> None:
    folder = filled(tmp_path / "stage", 1, 1)
    folder.flush()
    folder.add_verdicts("p0", {0: Verdict(Outcome.INCORRECT, "v-1")})
    (group,) = folder.groups([problem(0)], ["v-1"])
    assert group.verdicts[0].outcome is Outcome.INCORRECT
    assert folder.tallies(["v-1"])["p0"].masks == {Outcome.INCORRECT: 1}
    folder.add_verdicts("p0", {0: Verdict(Outcome.TRUNCATED, "v-2")})
    assert folder.tallies(["v-2", "v-1"])["p0"].masks == {Outcome.TRUNCATED: 1}


def test_verdicts_may_be_added_while_groups_are_read(tmp_path: Path) -> None:
    folder = filled(tmp_path / "stage", 5)
    outcomes = []
    for group in folder.groups([problem(n) for n in range(5)], ["v-1"]):
        folder.add_verdicts(group.problem.id, {0: Verdict(Outcome.INCORRECT, "v-1")})
        folder.flush()
        outcomes.append([verdict.outcome for verdict in group.verdicts.values()])
    assert outcomes == [[Outcome.CORRECT] * 2] * 5


def test_no_verdicts_are_no_error(tmp_path: Path) -> None:
    folder = filled(tmp_path / "stage", 1)
    assert folder.tallies([]) == folder.tallies(["other"]) == {}
    assert [group.verdicts for group in folder.groups([problem(0)], [])] == [{}]
    assert StageFolder(tmp_path / "empty").sampled() == {}


def test_a_folder_with_quotes_and_wildcards_in_its_name_is_read(tmp_path: Path) -> None:
    folder = filled(tmp_path / 'it\'s [a-b]* "?"', 2)
    folder.flush()
    assert folder.sampled() == {"p0": 3, "p1": 3}
    assert len(list(folder.groups([problem(0), problem(1)], ["v-1"]))) == 2


def test_an_index_of_any_size_has_its_bit(tmp_path: Path) -> None:
    folder = StageFolder(tmp_path)
    folder.add_sample(sample(0, 200))
    assert folder.sampled() == {"p0": 1 << 200}


def test_only_the_samples_with_an_outcome_are_read_when_asked_for(tmp_path: Path) -> None:
    folder = filled(tmp_path, 2)
    folder.flush()
    folder.add_verdicts("p0", {1: Verdict(Outcome.INCORRECT, "v-1")})
    groups = folder.groups([problem(0), problem(1)], ["v-1"], Outcome.CORRECT)
    assert [[sample.index for sample in group.samples] for group in groups] == [[0], [0, 1]]


@pytest.mark.parametrize(("rows", "size"), [(1, 1 << 20), (7, 1 << 20), (10_000, 300)])
def test_neither_arrival_nor_the_size_of_a_piece_changes_what_is_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, size: int
) -> None:
    """In pieces of a row, of a few, of a few bytes: samples that came in any order, over shards and a journal."""
    monkeypatch.setattr(joins, "PIECE_ROWS", rows)
    monkeypatch.setattr(joins, "PIECE_BYTES", size)
    monkeypatch.setattr(joins, "SLICE_SHARDS", 2)
    keys = [(number, index) for number in range(30) for index in range(3)]
    Random(3).shuffle(keys)
    folder = StageFolder(tmp_path)
    for place, (number, index) in enumerate(keys):
        folder.add_sample(sample(number, index, f"{number}/{index}"))
        folder.add_verdicts(f"p{number}", {index: Verdict(Outcome.INCORRECT, "v-1", extracted=str(index))})
        if place % 20 == 19:
            folder.flush()
    groups = list(folder.groups(map(problem, range(30)), ["v-1"]))
    assert [[s.text for s in group.samples] for group in groups] == [[f"{n}/{i}" for i in range(3)] for n in range(30)]
    assert all(group.verdicts[i].extracted == str(i) for group in groups for i in range(3))
    assert folder.sampled() == {f"p{n}": 7 for n in range(30)}
    assert {name: tally.incorrect for name, tally in folder.tallies(["v-1"]).items()} == folder.sampled()


def test_an_item_is_made_ahead_and_an_error_comes_in_its_place() -> None:
    closed: list[int] = []

    def items() -> Iterator[int]:
        try:
            yield from range(3)
            raise ValueError("no fourth")
        finally:
            closed.append(1)

    ahead = one_ahead(items())
    assert [next(ahead), next(ahead), next(ahead)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no fourth"):
        next(ahead)
    assert closed == [1]


def test_closing_early_closes_what_items_are_made_of() -> None:
    closed: list[int] = []

    def items() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(1)

    ahead = one_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert closed == [1]


@pytest.mark.parametrize("kind", ["samples", "verdicts/v-1"])
def test_a_damaged_shard_is_one_sentence_that_names_it(tmp_path: Path, kind: str) -> None:
    filled(tmp_path, 3).flush()
    shard = tmp_path / kind / "part-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    folder = StageFolder(tmp_path)
    for ask in (folder.sampled, lambda: folder.tallies(["v-1"]), lambda: list(folder.groups([problem(0)], ["v-1"]))):
        try:
            ask()
        except InputError as error:
            assert str(shard) in str(error)
            assert "\n" not in str(error)
            break
    else:
        pytest.fail("nobody noticed")
