"""The log: nothing that was appended is lost or doubled, whatever happens."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rft.errors import InputError, RunError
from rft.store.files import write_json
from rft.store.log import Log

SCHEMA = pa.schema([pa.field("n", pa.int64()), pa.field("text", pa.string())])


def record(n: int) -> dict[str, object]:
    return {"n": n, "text": f"text {n}"}


def numbers(folder: Path) -> list[int]:
    return [record["n"] for record in Log(folder, SCHEMA).table().to_pylist()]


def journal(folder: Path, number: int = 0) -> Path:
    return folder.with_name(f"{folder.name}.journal-{number:05d}.jsonl")


def test_records_come_back_in_order_across_shards_and_journal(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA, shard_rows=3)
    for n in range(8):
        log.append(record(n))
    assert log.table().to_pylist() == [record(n) for n in range(8)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["part-00000.parquet", "part-00001.parquet"]
    assert journal(tmp_path, 2).is_file()
    log.close()


def test_a_torn_last_line_is_cut_off_and_the_next_record_is_whole(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA)
    log.append(record(0))
    log.close()
    torn = journal(tmp_path)
    torn.write_bytes(torn.read_bytes() + b'{"n":1,"te')
    again = Log(tmp_path, SCHEMA)
    again.append(record(2))
    again.close()
    assert numbers(tmp_path) == [0, 2]


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number(tmp_path: Path) -> None:
    journal(tmp_path).write_text('{"n":0,"text":""}\nnonsense\n{"n":2,"text":""}\n')
    with pytest.raises(InputError, match=r"\.journal-00000\.jsonl, line 2 is damaged"):
        numbers(tmp_path)


def test_a_journal_whose_shard_exists_does_not_count_twice(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA)
    log.append(record(0))
    log.close()
    kept = journal(tmp_path).read_bytes()
    Log(tmp_path, SCHEMA).close()
    sealed = Log(tmp_path, SCHEMA)
    sealed.close(seal=True)
    journal(tmp_path).write_bytes(kept)  # as if killed between rename and unlink
    assert numbers(tmp_path) == [0]
    again = Log(tmp_path, SCHEMA)
    again.append(record(1))
    again.close()
    assert numbers(tmp_path) == [0, 1]


def test_every_reader_sees_whole_shards_with_the_declared_schema(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA, shard_rows=2)
    for n in range(4):
        log.append({"n": n, "text": None})
    log.close()
    table = pq.read_table(tmp_path / "part-00001.parquet")
    assert table.schema.equals(SCHEMA)
    assert table["n"].to_pylist() == [2, 3]


def test_a_missing_shard_makes_no_other_be_replaced(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA, shard_rows=2)
    for n in range(6):
        log.append(record(n))
    log.close()
    (tmp_path / "part-00000.parquet").unlink()
    again = Log(tmp_path, SCHEMA)
    again.append(record(6))
    again.close(seal=True)
    assert numbers(tmp_path) == [2, 3, 4, 5, 6]


def test_a_quiet_journal_becomes_a_shard_by_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rft.store.log.SEAL_S", 0.1)
    monkeypatch.setattr("rft.store.log.SYNC_S", 0.05)
    log = Log(tmp_path, SCHEMA)
    log.append(record(0))
    deadline = time.monotonic() + 10
    while not list(tmp_path.glob("part-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pq.read_table(tmp_path / "part-00000.parquet")["n"].to_pylist() == [0]
    log.append(record(1))
    log.close()
    assert numbers(tmp_path) == [0, 1]


def test_text_that_is_not_unicode_is_stored_as_valid_utf8(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA)
    log.append({"n": 0, "text": "a\ud800b\x00\u2028"})
    log.close(seal=True)
    assert Log(tmp_path, SCHEMA).table()["text"][0].as_py() == "a?b\x00\u2028"


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"n": st.integers(-(2**63), 2**63 - 1)},
            optional={"text": st.none() | st.text(), "seconds": st.none() | st.floats(allow_nan=False)},
        )
    )
)
def test_sealing_changes_no_record(records: list[dict[str, object]]) -> None:
    schema = pa.schema([*SCHEMA, ("seconds", pa.float64())])
    with tempfile.TemporaryDirectory() as folder:
        log = Log(Path(folder), schema)
        log.append(*records)
        in_journal = log.table()
        log.close(seal=True)
        assert Log(Path(folder), schema).table().equals(in_journal)


def test_a_damaged_line_is_named_when_its_journal_is_sealed(tmp_path: Path) -> None:
    log = Log(tmp_path, SCHEMA)
    log.append(record(0), record(1), record(2))
    log.close()
    lines = journal(tmp_path).read_bytes().splitlines(keepends=True)
    again = Log(tmp_path, SCHEMA)
    again.append(record(3))
    journal(tmp_path).write_bytes(lines[0] + b"{torn\n" + lines[2])
    with pytest.raises(InputError, match="line 2 is damaged"):
        again.seal()
    assert not list(tmp_path.glob("part-*"))


def test_kill_9_loses_nothing_that_append_returned_for(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from tests.store.test_log import SCHEMA, record
        from rft.store.log import Log
        log = Log(Path({str(tmp_path)!r}), SCHEMA, shard_rows=7)
        for n in range(10_000):
            log.append(record(n))
            print(n, flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = [int(process.stdout.readline()) for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    seen += [int(line) for line in process.stdout.read().split()]
    process.wait()
    process.stdout.close()
    found = numbers(tmp_path)
    assert found == list(range(len(found)))
    assert len(found) >= len(seen)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_one_sentence_and_what_was_stored_stays_whole(tmp_path: Path) -> None:
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], capture_output=True)
    if mount.returncode:
        pytest.skip("mount is not allowed here")
    try:
        log = Log(tmp_path / "log", SCHEMA)
        stored = 0
        with pytest.raises(RunError, match=r"no space left for .*run the same command again"):
            for n in range(10_000):
                log.append({"n": n, "text": "x" * 1000})
                stored += 1
        log.close()
        assert numbers(tmp_path / "log") == list(range(stored))
        with pytest.raises(RunError, match="no space left"):
            write_json(tmp_path / "facts.json", ["y" * 100_000])
        assert not (tmp_path / "facts.json").exists()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_folder_is_read_as_parquet_while_its_journal_is_written(tmp_path: Path) -> None:
    log = Log(tmp_path / "samples", SCHEMA, shard_rows=2)
    for n in range(5):
        log.append(record(n))
    assert pq.read_table(tmp_path / "samples")["n"].to_pylist() == [0, 1, 2, 3]
    assert numbers(tmp_path / "samples") == [0, 1, 2, 3, 4]
    log.close()


def test_a_journal_that_an_earlier_version_left_inside_is_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    log = Log(folder, SCHEMA)
    log.append(record(0))
    log.close()
    journal(folder).rename(folder / "journal-00000.jsonl")
    assert numbers(folder) == [0]
    again = Log(folder, SCHEMA)
    again.append(record(1))
    assert not list(folder.iterdir())
    again.close(seal=True)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["part-00000.parquet"]
    assert numbers(folder) == [0, 1]


def test_what_a_kill_between_rename_and_unlink_left_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    log = Log(folder, SCHEMA)
    log.append(record(0))
    kept = journal(folder).read_bytes()
    log.close(seal=True)
    journal(folder).write_bytes(kept)
    Log(folder, SCHEMA).close(seal=True)
    assert not journal(folder).exists()
    assert numbers(folder) == [0]
