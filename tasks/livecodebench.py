"""LiveCodeBench: contest problems with their dates (Jain et al., 2024); third-party texts, so none ship.

Upstream packs its hidden tests as a pickle, which could run anything when it is loaded. Here nothing is unpickled: a
stream that says more than "this text" is refused, and so is one that unpacks to more than MAX_UNPACKED bytes.
"""

import base64
import binascii
import json
import pickletools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le

from rft.errors import InputError
from rft.tasks.apps import asked
from rft.tasks.sources.code import CONTEST_IMPORTS, CodeTask, stdin_cases, tagged, text
from rft.tasks.sources.hub import hub_file_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, Problem

RELEASES = ("test.jsonl", "test2.jsonl", "test3.jsonl", "test4.jsonl", "test5.jsonl", "test6.jsonl")
"""The file that each release added."""
MAX_UNPACKED = 256 * 2**20
"""Bytes of one problem's hidden tests."""
TEXT_OPCODES = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
SILENT_OPCODES = frozenset({"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"})
"""What a pickle of one text needs beside the text."""
KEPT = ("question_title", "platform", "contest_date", "difficulty")
"""Columns that go into metadata."""


@dataclass(frozen=True)
class LiveCodeBench(CodeTask):
    """LiveCodeBench (Jain et al., 2024): up to 1,055 dated problems of LeetCode, AtCoder and Codeforces (split test).

    A problem is a whole program that reads and writes, or a method of a class ``Solution`` where upstream has starter
    code. Comparison is upstream's: token by token, or equality of values. A chat model is asked with

        prompt: {turn: "{prompt}\\n\\nAnswer with one Python code block."}
    """

    release: Annotated[int, Ge(1), Le(len(RELEASES))] = 6
    """Problems of releases 1 to this; 6 is all (4.5 GB from the hub)."""
    since: str | None = None
    """Only contests on this day or later, e.g. 2024-08-01: after a model's training data ends."""
    until: str | None = None
    """Only contests before this day."""

    kind: ClassVar[str] = "livecodebench"
    hub_splits: ClassVar[tuple[str, ...]] = ("test",)

    def _hub_rows(self, split: str) -> Iterator[Located]:
        for name in RELEASES[: self.release]:
            yield from hub_file_rows("livecodebench/code_generation_lite", name, self.revision)

    def _problem(self, located: Located, split: str) -> Problem | None:
        row = located.row
        if not self._is_asked_for(text(located, "contest_date")):
            return None
        starter = row.get("starter_code") or ""
        tests = [*public_tests(located), *private_tests(located)]
        if not tests:
            raise InputError(f"{located.where}: there is no test")
        reference = {
            **_judged_by(tests, row, starter, located.where),
            "prompt": f"{CONTEST_IMPORTS}\n\n{starter}".rstrip() + "\n",
        }
        metadata = {name: row[name] for name in KEPT if row.get(name) is not None}
        problem_id = f"livecodebench/{text(located, 'question_id')}"
        prompt = asked(text(located, "question_content").strip(), starter)
        return Problem(problem_id, prompt, "code", reference, self.kind, split, metadata)

    def _is_asked_for(self, date: str) -> bool:
        return (self.since is None or date >= self.since) and (self.until is None or date < self.until)


def public_tests(located: Located) -> list[JSON]:
    """Returns the tests that a problem's text shows.

    Raises:
        InputError: the column is not a list of tests in JSON.
    """
    return _tests(text(located, "public_test_cases"), located, "public_test_cases")


def private_tests(located: Located) -> list[JSON]:
    """Returns the hidden tests: a list in JSON, or the same in a pickle, compressed, in base 64.

    Raises:
        InputError: the column is neither, or unpacks to too much.
    """
    value = text(located, "private_test_cases")
    if value.lstrip().startswith("["):
        return _tests(value, located, "private_test_cases")
    try:
        packed = base64.b64decode(value, validate=True)
        content = pickled_text(_unpacked(packed))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise InputError(f"{located.where}: column 'private_test_cases' cannot be unpacked: {error}") from error
    return _tests(content, located, "private_test_cases")


def pickled_text(stream: bytes) -> str:
    """Returns the text that a pickle holds, read off its opcodes; nothing of it is run.

    Raises:
        ValueError: it holds anything but one text.
    """
    found: list[str] = []
    for opcode, argument, position in pickletools.genops(stream):
        if opcode.name in TEXT_OPCODES:
            found.append(str(argument))
        elif opcode.name not in SILENT_OPCODES:
            raise ValueError(f"the pickle says {opcode.name} at byte {position}; a single text is wanted")
    if len(found) != 1:
        raise ValueError(f"the pickle holds {len(found)} texts; a single one is wanted")
    return found[0]


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(packed, MAX_UNPACKED)
    if not stream.eof:
        raise ValueError(f"it is torn, or holds more than {MAX_UNPACKED >> 20} MiB")
    return content


def _tests(content: str, located: Located, name: str) -> list[JSON]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{located.where}: column '{name}' holds no JSON: {error}") from error
    kinds = ("stdin", "functional")
    if not isinstance(found, list) or not all(
        isinstance(test, dict)
        and isinstance(test.get("input"), str)
        and isinstance(test.get("output"), str)
        and test.get("testtype") in kinds
        for test in found
    ):
        raise InputError(
            f"{located.where}: column '{name}' must list tests with input, output and testtype (stdin or functional)"
        )
    return found


def _judged_by(tests: list[JSON], row: dict[str, JSON], starter: str, where: str) -> dict[str, JSON]:
    kinds = {test["testtype"] for test in tests}
    if kinds == {"stdin"}:
        cases = stdin_cases([test["input"] for test in tests], [test["output"] for test in tests], where)
        return {"cases": cases, "tokens": True}
    if kinds != {"functional"}:
        raise InputError(f"{where}: has tests of both types, stdin and functional")
    name = _function(row, where)
    entry_point = f"Solution.{name}" if "class Solution" in starter else name
    return {"entry_point": entry_point, "cases": [_call(test, where) for test in tests]}


def _function(row: dict[str, JSON], where: str) -> str:
    try:
        return str(json.loads(row["metadata"])["func_name"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{where}: column 'metadata' must hold JSON with the func_name of its functional tests"
        ) from error


def _call(test: dict[str, str], where: str) -> dict[str, JSON]:
    """Each line of a functional test's input is one argument, in JSON."""
    try:
        arguments = [json.loads(line) for line in test["input"].split("\n") if line.strip()]
        expected = json.loads(test["output"])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: a functional test is not JSON, line by line: {error}") from error
    return {"args": [tagged(argument, where) for argument in arguments], "expected": tagged(expected, where)}
