"""LiveCodeBench from a local file: both forms of tests, hidden tests in pickles that are never run, refusals."""

import base64
import json
import pickle
import pickletools
import zlib
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.registry import build
from rft.tasks import livecodebench
from rft.tasks.livecodebench import LiveCodeBench, pickled_text
from tests.tasks.rows import Row, only, refusal, write

STDIN = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
CALLS = [{"input": '[1, 2]\n"a"', "output": "9007199254740993", "testtype": "functional"}]
STARTER = "class Solution:\n    def find(self, nums: List[int], s: str) -> int:\n        "


def packed(value: object) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


def row(tests: list[dict[str, str]], **changes: Any) -> Row:
    return {
        "question_title": "Sum",
        "question_content": "Add two numbers.",
        "platform": "atcoder",
        "question_id": "abc300_a",
        "contest_date": "2024-08-03T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps(tests),
        "private_test_cases": packed(json.dumps(tests)),
        "metadata": "{}",
        **changes,
    }


CALL_ROW = row(CALLS, question_id="3000", starter_code=STARTER, metadata='{"func_name": "find"}')


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("private", [packed(json.dumps(STDIN)), json.dumps(STDIN)], ids=["packed", "plain"])
def test_hidden_tests_are_unpacked(tmp_path: Path, private: str) -> None:
    problem = only(LiveCodeBench(source=write(tmp_path / "own.jsonl", row(STDIN, private_test_cases=private))))
    assert problem.id == "livecodebench/abc300_a"
    assert problem.reference["cases"] == [{"stdin": "1 2\n", "stdout": "3\n"}] * 2
    assert problem.reference["tokens"] is True
    assert problem.metadata["platform"] == "atcoder"


def test_functions_are_methods_of_a_class(tmp_path: Path) -> None:
    problem = only(LiveCodeBench(source=write(tmp_path / "own.jsonl", CALL_ROW)))
    assert problem.reference["entry_point"] == "Solution.find"
    assert problem.reference["cases"][0] == {"args": [[1, 2], "a"], "expected": {"$int": "0x20000000000001"}}
    assert problem.reference["prompt"].endswith(STARTER.rstrip() + "\n")
    assert f"```python\n{STARTER.rstrip()}\n```" in str(problem.prompt)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("text", ["", "short", "é" * 70_000])
def test_a_pickled_text_is_read_in_every_protocol(protocol: int, text: str) -> None:
    assert pickled_text(pickle.dumps(text, protocol)) == text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_something_is_refused_unrun(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "mark"
    stream = pickle.dumps(Hostile(mark), protocol)
    assert any(opcode.name == "REDUCE" for opcode, _, _ in pickletools.genops(stream))
    path = write(
        tmp_path / "own.jsonl", row(STDIN, private_test_cases=base64.b64encode(zlib.compress(stream)).decode())
    )
    assert "line 1: column 'private_test_cases' cannot be unpacked: the pickle says" in refusal(LiveCodeBench(path))
    assert not mark.exists()


@pytest.mark.parametrize(
    "value", [["a"], ("a", "b"), {"a": "b"}, b"a", 1, None, Path("a")], ids=lambda value: type(value).__name__
)
def test_a_pickle_of_anything_but_a_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="a single"):
        pickled_text(pickle.dumps(value))


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b".",
        b"X\xff\xff\xff\x7fa.",
        b"\x8d" + b"\xff" * 8 + b".",
        pickle.dumps("text")[:-1],
        b"Va\nVb\n.",
        b"cos\nsystem\n.",
    ],
)
def test_a_torn_or_forged_pickle_is_refused(stream: bytes) -> None:
    with pytest.raises(ValueError):
        pickled_text(stream)


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(livecodebench, "MAX_UNPACKED", 1 << 20)
    bomb = packed("x" * (2 << 20))
    assert len(bomb) < 10_000
    path = write(tmp_path / "own.jsonl", row(STDIN, private_test_cases=bomb))
    assert "it is torn, or holds more than 1 MiB" in refusal(LiveCodeBench(source=path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"private_test_cases": "§"}, "column 'private_test_cases' cannot be unpacked"),
        ({"private_test_cases": "YWJj"}, "column 'private_test_cases' cannot be unpacked"),
        ({"private_test_cases": packed("x" * 99)[:24]}, "column 'private_test_cases' cannot be unpacked: it is torn"),
        ({"private_test_cases": packed("{")}, "column 'private_test_cases' holds no JSON"),
        ({"public_test_cases": '[{"input": "1"}]'}, "column 'public_test_cases' must list tests with input, output"),
        ({"public_test_cases": "[]", "private_test_cases": "[]"}, "there is no test"),
        ({"public_test_cases": json.dumps(CALLS)}, "has tests of both types, stdin and functional"),
        ({"question_content": None}, "column 'question_content' must hold text"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path: Path, changes: Row, said: str) -> None:
    text = refusal(LiveCodeBench(source=write(tmp_path / "own.jsonl", CALL_ROW, row(STDIN, **changes))))
    assert f"own.jsonl, line 2: {said}" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metadata": "{}"}, "column 'metadata' must hold JSON with the func_name"),
        ({"metadata": None}, "column 'metadata' must hold JSON with the func_name"),
        (
            {"public_test_cases": json.dumps([{**CALLS[0], "input": "[1"}])},
            "a functional test is not JSON, line by line",
        ),
    ],
)
def test_bad_functional_rows_are_refused(tmp_path: Path, changes: Row, said: str) -> None:
    assert said in refusal(LiveCodeBench(source=write(tmp_path / "own.jsonl", CALL_ROW | changes)))


def test_contests_are_chosen_by_their_day(tmp_path: Path) -> None:
    path = write(
        tmp_path / "own.jsonl", *(row(STDIN, question_id=day, contest_date=day) for day in ("2024-01-01", "2024-09-01"))
    )
    assert [p.id for p in LiveCodeBench(path, since="2024-08-01").problems("train")] == ["livecodebench/2024-09-01"]
    assert [p.id for p in LiveCodeBench(path, until="2024-09-01").problems("train")] == ["livecodebench/2024-01-01"]


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(InputError, match="option 'release': must be from 1 to 6; seen: 7"):
        build("task", "livecodebench", LiveCodeBench, {"release": 7})
