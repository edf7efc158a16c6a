"""A user's own files: the column mapping, and one clear sentence for everything that is wrong with them."""

import datetime
import decimal
import gzip
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rft.errors import InputError
from rft.registry import build
from rft.tasks.sources.files import Jsonl, Parquet
from rft.tasks.sources.rows import jsonl_rows
from rft.types import Message, Problem

GOOD = {"id": "a", "prompt": "What is 2 + 2?", "reference": "4"}


def jsonl(path: Path, *lines: bytes | dict[str, Any]) -> str:
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return str(path)


def parquet(path: Path, columns: dict[str, Any]) -> str:
    pq.write_table(pa.table(columns), path, row_group_size=300)
    return str(path)


def read(path: str | dict[str, str], split: str = "train", kind: type[Any] = Jsonl, **options: Any) -> list[Problem]:
    return list(build("task", kind.__name__.lower(), kind, {"path": path, **options}).problems(split))


def refusal(path: str | dict[str, str], split: str = "train", kind: type[Any] = Jsonl, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(path, split, kind, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_columns_are_mapped(tmp_path: Path) -> None:
    chat = [Message(role="system", content="Be brief."), Message(role="user", content="What is 2 + 2?")]
    path = jsonl(tmp_path / "own.jsonl", {"key": 7, "q": chat, "gold": ["4", 4.0, 12], "level": {"a": [1, None]}})
    (problem,) = read(path, id="key", prompt="q", reference="gold", metadata=["level"])
    assert problem == Problem(
        "7", tuple(chat), "math", ["4", "4.0", "12"], "jsonl", "train", {"level": {"a": [1, None]}}
    )


def test_without_ids_split_and_line_serve_and_empty_lines_count(tmp_path: Path) -> None:
    row = {"prompt": "p", "reference": "1"}
    path = jsonl(tmp_path / "own.jsonl", row, b"", row)
    assert [problem.id for problem in read(path)] == ["train/1", "train/3"]
    both = {"train": path, "test": path}
    assert [problem.id for problem in read(both, "test")] == ["test/1", "test/3"]


def test_gzip_is_told_by_its_first_bytes_and_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "own.data"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()))
    assert read(str(path))[0].reference == "4"


@pytest.mark.parametrize(
    ("reference", "read_as"),
    [
        ({"tests": "assert f() == 1", "setup": None}, {"tests": "assert f() == 1"}),
        ('{"entry_point": "f", "tests": ["assert f()"]}', {"entry_point": "f", "tests": ["assert f()"]}),
        ({"cases": [{"stdin": "1", "stdout": "1", "args": None}]}, {"cases": [{"stdin": "1", "stdout": "1"}]}),
        ({"cases": [{"args": [], "kwargs": None, "expected": None}]}, {"cases": [{"args": [], "expected": None}]}),
    ],
)
def test_code_takes_objects_with_tests_or_cases_also_as_text(
    tmp_path: Path, reference: object, read_as: object
) -> None:
    path = jsonl(tmp_path / "own.jsonl", GOOD | {"reference": reference})
    assert read(path, verifier="code")[0].reference == read_as


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("assert f() == 1", "the reference is text, but not JSON"),
        (["assert f() == 1"], "the reference is ['assert f() == 1']; for code it is an object"),
        ('"assert f()"', "the reference is 'assert f()'; for code it is an object"),
        ({"entry_point": "f", "tests": ""}, "the reference has the keys entry_point, tests; for code"),
        ({"tests": None}, "the reference has the keys none; for code"),
    ],
)
def test_a_bad_reference_for_code_is_named(tmp_path: Path, reference: object, said: str) -> None:
    good = GOOD | {"reference": {"tests": "assert f()"}}
    text = refusal(jsonl(tmp_path / "own.jsonl", good, GOOD | {"id": "b", "reference": reference}), verifier="code")
    assert f"line 2, problem 'b', column 'reference': {said}" in text


def test_parquet_references_lose_the_keys_that_only_other_rows_have(tmp_path: Path) -> None:
    references = [{"cases": [{"stdin": "1", "stdout": "2"}]}, {"entry_point": "f", "tests": "assert f()"}]
    path = parquet(tmp_path / "own.parquet", {"prompt": ["p", "q"], "reference": references})
    assert [problem.reference for problem in read(path, kind=Parquet, verifier="code")] == references


def test_other_verifiers_take_references_of_any_shape(tmp_path: Path) -> None:
    reference = {"cases": [{"stdin": "1", "stdout": "1"}], "strict": True}
    path = jsonl(tmp_path / "own.jsonl", GOOD | {"reference": reference})
    assert read(path, verifier="code")[0].reference == reference


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"id": "b", "prompt"', "line 2: not JSON"),
        (b"[1, 2]", "line 2: holds a list"),
        (b"null", "line 2: holds a NoneType"),
        (b'{"id": NaN}', "line 2: NaN is not a JSON value"),
        (b'{"id": -Infinity}', "line 2: -Infinity is not a JSON value"),
        (b'{"id": "\xff"}', "line 2: not UTF-8 at byte 8"),
        (b'{"id": "\\ud800"}', "line 2: holds half of a surrogate pair"),
        (b"[" * 100_000, "line 2: is nested too deeply"),
        (b'{"id": ' + b"9" * 5000 + b"}", "line 2: Exceeds the limit"),
        ({"id": "b", "reference": "4"}, "unknown column 'prompt' in"),
        ({"id": "b", "promt": "?", "reference": "4"}, "did you mean 'promt'"),
        (GOOD | {"id": "b", "prompt": " "}, "line 2, problem 'b', column 'prompt': the prompt is ' '"),
        (GOOD | {"id": "b", "prompt": 5}, "line 2, problem 'b', column 'prompt': the prompt is 5"),
        (GOOD | {"id": "b", "prompt": []}, "the prompt is []"),
        (GOOD | {"id": "b", "prompt": ["hi"]}, "message 1: is 'hi'; an object with role and content"),
        (GOOD | {"id": "b", "prompt": [{"role": "human", "content": "x"}]}, "the role is 'human'; known: system, user"),
        (GOOD | {"id": "b", "prompt": [{"role": "user", "content": None}]}, "the content is None; text is wanted"),
        (GOOD | {"id": "b", "prompt": [{"role": "assistant", "content": "x"}]}, "the last message is from 'assistant'"),
        (GOOD | {"id": "b", "prompt": [{"role": "user", "content": "x", "name": "y"}]}, "has 'name' beside role"),
        ({"id": "b", "prompt": "?"}, "unknown column 'reference' in"),
        (GOOD | {"id": "b", "reference": None}, "line 2, problem 'b', column 'reference': the reference is None"),
        (GOOD | {"id": "b", "reference": "  "}, "line 2, problem 'b', column 'reference': the reference is '  '"),
        (GOOD | {"id": "b", "reference": []}, "the reference is []"),
        (GOOD | {"id": "b", "reference": ["4", ""]}, "the reference is ''"),
        (GOOD | {"id": "b", "reference": True}, "the reference is True; for math it is text, a number"),
        (GOOD | {"id": "b", "reference": {"a": 1}}, "the reference is {'a': 1}; for math"),
        (GOOD | {"id": "b", "reference": 1e999}, "line 2: Infinity is not a JSON value"),
        (b'{"id": "b", "prompt": "?", "reference": 1e999}', "holds inf, which JSON cannot hold"),
        (GOOD, "line 2: id 'a' was there before"),
        (GOOD | {"id": None}, "line 2, column 'id': the id is None"),
        (GOOD | {"id": ""}, "line 2, column 'id': the id is ''"),
        (GOOD | {"id": 1.5}, "line 2, column 'id': the id is 1.5"),
        (GOOD | {"id": True}, "line 2, column 'id': the id is True"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes | dict[str, Any], said: str) -> None:
    path = jsonl(tmp_path / "own.jsonl", GOOD, line)
    text = refusal(path)
    assert said in text
    assert path in text


def test_named_columns_must_be_there(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "own.jsonl", GOOD)
    assert "unknown column 'uid' in" in refusal(path, id="uid")
    assert "unknown column 'level' in" in refusal(path, metadata=["level"])
    assert "option 'path'" in refusal(5)  # type: ignore[arg-type]


def test_splits_and_paths_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "own.jsonl", GOOD)
    text = refusal(path, "test")
    assert "no file is given for split 'test'; known: train" in text
    assert "path: {train: a.jsonl, test: b.jsonl}" in text
    with pytest.raises(InputError, match="is a folder, not a file"):
        Jsonl(path=str(tmp_path)).problems("train")
    with pytest.raises(InputError, match="does not exist; check the path"):
        Jsonl(path=str(tmp_path / "none.jsonl")).problems("train")


def test_a_torn_gzip_gives_its_whole_lines_and_then_one_sentence(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD | {"id": index, "salt": os.urandom(40).hex()}) for index in range(500)]
    packed = gzip.compress("\n".join(lines).encode())
    path = tmp_path / "own.jsonl.gz"
    path.write_bytes(packed[: len(packed) // 2])
    problems = Jsonl(path=str(path)).problems("train")
    assert len(list(islice(problems, 100))) == 100
    with pytest.raises(InputError, match=r"own\.jsonl\.gz cannot be read after line \d+: .*is the copy complete\?"):
        list(problems)
    path.write_bytes(packed[:200] + bytes(100) + packed[300:])
    assert "cannot be read after line" in refusal(str(path))


def test_lines_are_streamed(tmp_path: Path) -> None:
    """The first problems come although a later line is broken: nothing reads ahead to the end."""
    path = jsonl(tmp_path / "own.jsonl", *[GOOD | {"id": index} for index in range(50)], b"broken")
    problems = Jsonl(path=path).problems("train")
    assert len(list(islice(problems, 50))) == 50
    with pytest.raises(InputError, match="line 51"):
        next(problems)


def test_parquet_is_mapped_and_keeps_its_order(tmp_path: Path) -> None:
    numbers = range(1000)
    path = parquet(
        tmp_path / "own.parquet",
        {"question": [f"{n}?" for n in numbers], "answer": [n / 2 for n in numbers], "unused": list(numbers)},
    )
    problems = read(path, kind=Parquet, prompt="question", reference="answer")
    assert [problem.reference for problem in problems] == [str(n / 2) for n in numbers]
    assert problems[999].id == "train/1000"
    assert (problems[0].task, problems[0].split) == ("parquet", "train")


def test_parquet_messages_and_cells_that_json_lacks(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "2 + 2?", "name": None}]
    path = parquet(
        tmp_path / "own.parquet",
        {
            "prompt": [turns],
            "reference": [decimal.Decimal("4.50")],
            "day": [datetime.date(2024, 2, 29)],
            "at": [datetime.datetime(2024, 2, 29, 1)],
        },
    )
    (problem,) = read(path, kind=Parquet, metadata=["day", "at"])
    assert problem.prompt == ({"role": "user", "content": "2 + 2?"},)
    assert problem.reference == "4.50"
    assert problem.metadata == {"day": "2024-02-29", "at": "2024-02-29T01:00:00"}
    assert json.loads(json.dumps(problem.metadata)) == problem.metadata


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"prompt": ["p", "q"], "reference": ["1", None]},
            "row 2, problem 'train/2', column 'reference': the reference",
        ),
        (
            {"prompt": ["p", "q"], "reference": [1.0, float("nan")]},
            "row 2, problem 'train/2', column 'reference': holds",
        ),
        ({"prompt": ["p"], "reference": [b"1"]}, "holds bytes, which JSON cannot hold"),
        ({"prompt": ["p"], "answer": ["1"]}, "unknown column 'reference' in"),
        ({"prompt": ["p", "q"], "reference": ["1", "2"], "id": [7, 7]}, "row 2: id '7' was there before"),
    ],
)
def test_a_bad_parquet_row_is_named(tmp_path: Path, columns: dict[str, Any], said: str) -> None:
    path = parquet(tmp_path / "own.parquet", columns)
    text = refusal(path, kind=Parquet)
    assert said in text
    assert path in text


def test_a_torn_parquet_file_gives_one_sentence(tmp_path: Path) -> None:
    path = Path(parquet(tmp_path / "own.parquet", {"prompt": ["p"] * 2000, "reference": [os.urandom(9).hex()] * 2000}))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as Parquet" in refusal(str(path), kind=Parquet)
    path.write_bytes(whole[:20] + b"\xff" * 200 + whole[220:])
    assert "cannot be read as Parquet" in refusal(str(path), kind=Parquet)
    path.write_bytes(b"")
    assert "cannot be read as Parquet" in refusal(str(path), kind=Parquet)


def test_reading_jsonl_closes_the_file_when_the_reader_stops_early(tmp_path: Path) -> None:
    """An unclosed file would be a ResourceWarning, which is an error here."""
    rows: Iterator[Any] = jsonl_rows(Path(jsonl(tmp_path / "own.jsonl", GOOD, GOOD)))
    assert next(rows).where.endswith("own.jsonl, line 1")
    del rows
