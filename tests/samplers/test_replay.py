import gzip
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rft.errors import InputError
from rft.registry import build, load
from rft.samplers import SAMPLERS
from rft.samplers.replay import ReplaySampler
from rft.types import FinishReason, Origin, Request, Sample, SamplingParams

ROWS = [{"problem_id": f"p{p}", "index": i, "text": f"text {p} {i}"} for p in range(20) for i in range(4)]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines, "utf-8")
    return path


def request(problem: str, *indices: int, round: int = 0) -> Request:
    return Request(problem, "prompt", round, indices, tuple(0 for _ in indices), SamplingParams())


def replay(path: Path | str, requests: Iterable[Request], **options: Any) -> list[Sample]:
    sampler = ReplaySampler(path=str(path), **options)
    try:
        return list(sampler.sample(requests))
    finally:
        sampler.close()


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_every_kind_of_file_gives_the_rows_asked_for(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, ROWS)
    asked = [request("p7", 3, 0), request("p0", 1), request("p19", 2)]
    samples = replay(path, asked)
    assert [sample.text for sample in samples] == ["text 7 3", "text 7 0", "text 0 1", "text 19 2"]
    assert samples[0] == Sample(
        problem_id="p7",
        round=0,
        index=3,
        text="text 7 3",
        n_tokens=3,
        finish_reason=FinishReason.STOP,
        engine=f"replay:{name}",
        seed=None,
        origin=Origin.IMPORTED,
    )


def test_a_folder_and_a_glob_give_all_their_files(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", ROWS[:30])
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "b.parquet", ROWS[30:])
    (tmp_path / "more" / "notes.txt").write_text("no rows here")
    asked = [request("p0", 0), request("p19", 3)]
    expected = ["text 0 0", "text 19 3"]
    assert [sample.text for sample in replay(tmp_path, asked)] == expected
    assert [sample.text for sample in replay(f"{tmp_path}/**/*.[jp]*", asked)] == expected


def test_without_an_index_the_order_of_appearance_counts(tmp_path: Path) -> None:
    rows = [{"problem_id": name, "completion": text} for name, text in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")]]
    samples = replay(write(tmp_path / "a.jsonl", rows), [request("a", 0, 1, 2), request("b", 0)])
    assert [sample.text for sample in samples] == ["1", "3", "4", "2"]


def test_token_counts_and_finish_reasons_are_kept(tmp_path: Path) -> None:
    row = {"problem_id": "a", "text": "x y", "n_tokens": 512, "finish_reason": "length", "unknown": {"deep": [1]}}
    (sample,) = replay(write(tmp_path / "a.jsonl", [row]), [request("a", 0)])
    assert (sample.n_tokens, sample.finish_reason) == (512, FinishReason.LENGTH)


def test_null_fields_count_as_left_out(tmp_path: Path) -> None:
    row = {"problem_id": "a", "text": "x y", "index": None, "n_tokens": None, "finish_reason": None}
    (sample,) = replay(write(tmp_path / "a.jsonl", [row]), [request("a", 0)])
    assert (sample.n_tokens, sample.finish_reason) == (2, FinishReason.STOP)


def test_a_requests_round_is_stamped_on_and_the_stored_round_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [row | {"round": r, "text": f"round {r}"} for r in (0, 1) for row in ROWS])
    (sample,) = replay(path, [request("p3", 2, round=5)], round=1)
    assert (sample.text, sample.round) == ("round 1", 5)
    with pytest.raises(InputError, match=r"holds problem p\d+, index 0 twice; .*sampler\.round"):
        replay(path, [request("p3", 2)])


def test_shuffled_gives_the_same_samples_in_another_order_that_repeats(tmp_path: Path) -> None:
    rows = [{"problem_id": f"p{p}", "index": i, "text": f"{p} {i}"} for p in range(100) for i in range(8)]
    path = write(tmp_path / "a.jsonl", rows)
    asked = [request(f"p{p}", *range(8)) for p in range(100)]
    stored, shuffled = replay(path, asked), replay(path, asked, order="shuffled")
    assert stored != shuffled == replay(path, asked, order="shuffled")
    assert sorted(stored, key=repr) == sorted(shuffled, key=repr)


def test_requests_are_taken_only_as_samples_are(tmp_path: Path) -> None:
    taken = []

    def watched() -> Iterable[Request]:
        for number in range(20):
            taken.append(number)
            yield request(f"p{number}", 0)

    sampler = ReplaySampler(path=str(write(tmp_path / "a.jsonl", ROWS)))
    stream = sampler.sample(watched())
    next(stream)
    assert taken == [0]
    sampler.close()
    sampler.close()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (request("p3", 9), "no completion of problem p3, index 9; it holds indices 0, 1, 2 … 3 of that problem"),
        (request("q", 0), r"problem q, index 0; it holds nothing of that problem, but of p\d+, p\d+, p\d+ and others"),
    ],
)
def test_a_missing_sample_is_named_beside_what_there_is(tmp_path: Path, asked: Request, message: str) -> None:
    with pytest.raises(InputError, match=message):
        replay(write(tmp_path / "a.jsonl", ROWS), [asked])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"a\.jsonl, line 2 is not a line that holds a JSON object"),
        ("[1]", r"a\.jsonl, line 2 is not a line that holds a JSON object"),
        ('{"text": "x"}', r"a\.jsonl, line 2 has no problem_id"),
        ('{"problem_id": "a"}', r"a\.jsonl, line 2 has no text"),
        ('{"problem_id": "a", "text": "x", "index": -1}', r"a\.jsonl, line 2: index is -1"),
        (
            f'{{"problem_id": "a", "text": "x", "index": {2**63}}}',
            r"line 2: index is 9223372036854775808; .* from 0 to",
        ),
        ('{"problem_id": "a", "text": "x", "index": true}', r"line 2: index is True"),
        ('{"problem_id": "a", "text": "x", "index": 1.0}', r"line 2: index is 1\.0"),
        (f'{{"problem_id": "a", "text": "x", "index": 1, "n_tokens": {2**31}}}', r"line 2: n_tokens is 2147483648"),
        ('{"problem_id": "a", "text": "x", "index": 1, "n_tokens": -5}', r"line 2: n_tokens is -5"),
        ('{"problem_id": "a", "text": "x", "index": 1, "n_tokens": 1e400}', r"line 2: n_tokens is inf"),
        ("[" * 200_000, r"line 2 is not a line that holds a JSON object"),
        ('{"problem_id": "a", "text": "x", "n_tokens": "many"}', r"a\.jsonl, line 2: n_tokens is 'many'"),
        (
            '{"problem_id": "a", "text": "x", "finish_reason": "eos"}',
            r"a\.jsonl, line 2: finish_reason is 'eos'; known: stop",
        ),
        ('{"problem_id": "a", "text": "x"}', "some rows have an index and some have not"),
    ],
)
def test_a_malformed_row_is_named_by_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n" + line + "\n")
    with pytest.raises(InputError, match=message):
        replay(path, [request("p0", 0)])


def test_a_parquet_row_is_named_by_its_number(tmp_path: Path) -> None:
    rows = [*ROWS[:9], {"problem_id": "p9", "index": 2**62, "text": "x"}]
    with pytest.raises(InputError, match=r"a\.parquet, row 10: index is 4611686018427387904"):
        replay(write(tmp_path / "a.parquet", rows), [request("p0", 0)])


def test_a_column_that_holds_no_text_is_named(tmp_path: Path) -> None:
    rows = [{"problem_id": "p0", "index": 0, "text": b"\xff"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a\.parquet, row 1 has no text"):
        replay(tmp_path / "a.parquet", [request("p0", 0)])


def test_a_damaged_parquet_file_is_an_input_error_or_still_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", ROWS)
    whole, dice, n_refused = path.read_bytes(), random.Random(0), 0
    for _ in range(100):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[dice.randrange(4, len(whole))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            replay(path, [])
        except InputError as error:
            n_refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
    assert n_refused > 50


def test_a_lone_surrogate_is_handed_on(tmp_path: Path) -> None:
    row = {"problem_id": "\ud800", "text": "\udfff", "index": 2**31 - 1}
    (sample,) = replay(write(tmp_path / "a.jsonl", [row]), [request("\ud800", 2**31 - 1)])
    assert sample.text == "\udfff"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.jsonl", None, "names no file"),
        ("a.csv", b"x", r"unknown kind; known: \.parquet"),
        ("a.parquet", b"PAR0" * 20, "is not a Parquet file"),
        ("a.jsonl.gz", b"plain", "is not a whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 1000)[:-12], "is not a whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 1000)[:10] + b"\xff" * 50, "is not a whole gzip file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        replay(tmp_path / name, [request("p0", 0)])


def test_options_are_checked_by_name_and_type() -> None:
    with pytest.raises(InputError, match="sampler 'replay', option 'order'"):
        build("sampler", "replay", ReplaySampler, {"path": "x", "order": "random"})
    with pytest.raises(InputError, match="sampler 'replay', option 'delay_s': must be at least 0 and finite; seen: -1"):
        build("sampler", "replay", ReplaySampler, {"path": "x", "delay_s": -1})
    assert load("sampler", "replay", SAMPLERS) is ReplaySampler
