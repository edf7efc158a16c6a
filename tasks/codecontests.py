"""CodeContests: problems of programming contests (Li et al., 2022); third-party texts, so none ship."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from rft.errors import InputError
from rft.tasks.apps import asked
from rft.tasks.sources.code import CONTEST_IMPORTS, CodeTask, first_python, stdin_cases, text, without_empty
from rft.tasks.sources.hub import hub_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, MOST, Limits, Problem

PYTHON3 = 3
"""Upstream's number of the language, and its place in ``solutions``."""
KEPT = ("name", "difficulty", "source", "cf_rating", "labels")
"""Columns that go into metadata."""
SLOWER = 5
"""Upstream's limits are for C++; a Python program is given so many times as long."""
TestKind = Literal["public", "private", "generated"]


@dataclass(frozen=True)
class CodeContests(CodeTask):
    """CodeContests (Li et al., 2022): 13,328 train, 117 valid, 165 test problems, from the hub or a local file.

    All are whole programs; outputs are compared token by token, as upstream does. Rows without tests, and those that
    read a named file in the place of standard input, are left out. A local file has the hub's columns, or those of
    SandboxFusion's samples (id, problem, tests). A chat model is asked with

        prompt: {turn: "{prompt}\\n\\nAnswer with one Python code block."}
    """

    tests: tuple[TestKind, ...] = ("public", "private", "generated")
    """Which of upstream's tests judge. Some generated ones are weak, but without them many wrong programs pass."""

    kind: ClassVar[str] = "codecontests"
    hub_splits: ClassVar[tuple[str, ...]] = ("train", "valid", "test")

    def _hub_rows(self, split: str) -> Iterator[Located]:
        return hub_rows("deepmind/code_contests", split, None, self.revision)

    def _problem(self, located: Located, split: str) -> Problem | None:
        row = located.row
        sample_form = "tests" in row
        cases = _sample_cases(located) if sample_form else self._cases(located)
        if not cases or row.get("input_file"):
            return None
        reference = without_empty(
            {
                "cases": cases,
                "tokens": True,
                "prompt": CONTEST_IMPORTS + "\n",
                "solution": None if sample_form else first_python(_in_python(row.get("solutions"))),
                "limits": _limits(row) or None,
            }
        )
        return Problem(
            str(row["id"]) if sample_form and "id" in row else f"codecontests/{split}/{text(located, 'name')}",
            asked(text(located, "problem" if sample_form else "description").strip(), ""),
            "code",
            reference,
            self.kind,
            split,
            {name: row[name] for name in KEPT if row.get(name) not in (None, "", 0)},
        )

    def _cases(self, located: Located) -> list[JSON]:
        cases: list[JSON] = []
        for kind in self.tests:
            found = located.row.get(f"{kind}_tests")
            inputs, outputs = (found.get("input"), found.get("output")) if isinstance(found, dict) else (None, None)
            if not isinstance(inputs, list) or not isinstance(outputs, list):
                raise InputError(f"{located.where}: column '{kind}_tests' must hold lists 'input' and 'output'")
            cases += stdin_cases(inputs, outputs, located.where)
        return cases


def _sample_cases(located: Located) -> list[JSON]:
    found = located.row["tests"]
    if not isinstance(found, list):
        raise InputError(f"{located.where}: column 'tests' must hold a list")
    try:
        pairs = [(case["input"]["stdin"], case["output"]["stdout"]) for case in found]
    except (KeyError, TypeError) as error:
        wanted = '{"input": {"stdin": …}, "output": {"stdout": …}}'
        raise InputError(f"{located.where}: each of 'tests' must be {wanted}") from error
    return stdin_cases([stdin for stdin, _ in pairs], [stdout for _, stdout in pairs], located.where)


def _in_python(solutions: JSON) -> list[JSON]:
    if not isinstance(solutions, dict):
        return []
    languages, programs = solutions.get("language") or [], solutions.get("solution") or []
    return [program for language, program in zip(languages, programs, strict=False) if language == PYTHON3]


def _limits(row: Mapping[str, JSON]) -> dict[str, JSON]:
    """What upstream allows, where that is more than a program has anyway."""
    usual, found = Limits(), dict[str, JSON]()
    time, memory = row.get("time_limit"), row.get("memory_limit_bytes")
    if isinstance(time, dict):
        wall_s = SLOWER * ((time.get("seconds") or 0) + (time.get("nanos") or 0) / 1e9)
        wall_s = min(wall_s, MOST.wall_s)
        if wall_s > usual.wall_s:
            found |= {"cpu_s": wall_s, "wall_s": wall_s}
    if isinstance(memory, int) and memory / 2**20 > usual.memory_mib:
        found["memory_mib"] = min(math.ceil(memory / 2**20), MOST.memory_mib)
    return found
