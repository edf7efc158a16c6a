"""APPS: 10,000 problems of coding sites with their tests (Hendrycks et al., 2021); third-party texts, so none ship."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rft.errors import InputError
from rft.tasks.sources.code import CONTEST_IMPORTS, CodeTask, first_python, stdin_cases, text, without_empty
from rft.tasks.sources.hub import hub_file_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, Problem

LEVELS = ("introductory", "interview", "competition")
KEPT = ("difficulty", "url")
"""Columns that go into metadata."""
TOLERANCE = 1e-5
"""Upstream compares numbers with ``np.allclose``, whose relative tolerance this is."""
CHECK = """CASES = {cases!r}

def check(candidate):
    for arguments, expected in CASES:
        answer = candidate(*arguments)
        if isinstance(answer, tuple):
            answer = list(answer)
        assert answer == expected or [answer] == expected
"""
"""Upstream's rule (hendrycks/apps, ``eval/testing_util.py``): a tuple is as good as a list, and most expected values
stand in a list of their own, so both forms are right. Of several values upstream takes the first; this does not."""


@dataclass(frozen=True)
class Apps(CodeTask):
    """APPS (Hendrycks et al., 2021): 5,000 train and 5,000 test problems of coding sites, from the hub or a local file.

    A problem is a whole program that reads and writes, or a function (often of a class ``Solution``) where upstream has
    starter code. Rows without tests are left out. A chat model is asked with

        prompt: {turn: "{prompt}\\n\\nAnswer with one Python code block."}
    """

    levels: tuple[str, ...] = LEVELS
    """Which difficulties: introductory, interview, competition."""

    kind: ClassVar[str] = "apps"
    hub_splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def __post_init__(self) -> None:
        for level in self.levels:
            if level not in LEVELS:
                raise InputError(f"task 'apps', option 'levels': unknown level '{level}'; known: {', '.join(LEVELS)}")

    def _hub_rows(self, split: str) -> Iterator[Located]:
        return hub_file_rows("codeparrot/apps", f"{split}.jsonl", self.revision)

    def _problem(self, located: Located, split: str) -> Problem | None:
        row = located.row
        tests = _loaded(row.get("input_output"), located, "input_output")
        if row.get("difficulty", self.levels[0]) not in self.levels or not tests:
            return None
        question, starter = text(located, "question").strip(), row.get("starter_code") or ""
        solutions = _loaded(row.get("solutions"), located, "solutions") or []
        reference = without_empty(
            {
                **_judged_by(tests, starter, located.where),
                "prompt": f"{CONTEST_IMPORTS}\n\n{starter}".rstrip() + "\n",
                "solution": first_python(solutions if isinstance(solutions, list) else []),
            }
        )
        return Problem(
            f"apps/{split}/{row.get('problem_id', row.get('id', located.number - 1))}",
            asked(question, starter),
            "code",
            reference,
            self.kind,
            split,
            {name: row[name] for name in KEPT if row.get(name) is not None},
        )


def asked(question: str, starter: str) -> str:
    """Returns what a model is asked of a contest problem: to complete starter code, or for a whole program."""
    if starter.strip():
        return f"{question}\n\nComplete this code:\n\n```python\n{starter.rstrip()}\n```"
    return f"{question}\n\nRead the input from standard input and write the answer to standard output."


def _loaded(value: JSON, located: Located, name: str) -> JSON:
    """A column that upstream writes as JSON in text; None where upstream left it empty."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{located.where}: column '{name}' holds no JSON: {error}") from error


def _judged_by(tests: JSON, starter: str, where: str) -> dict[str, JSON]:
    inputs, outputs = (tests.get("inputs"), tests.get("outputs")) if isinstance(tests, dict) else (None, None)
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not inputs:
        raise InputError(f"{where}: column 'input_output' must hold lists 'inputs' and 'outputs'")
    name = tests.get("fn_name")
    if not name:
        pairs = [_written(item) for item in inputs], [_written(item) for item in outputs]
        return {"cases": stdin_cases(*pairs, where), "tokens": True, "tolerance": TOLERANCE}
    if len(inputs) != len(outputs) or not all(isinstance(item, list) for item in inputs):
        raise InputError(f"{where}: each of 'inputs' must be a list of arguments, with an output beside it")
    cases = [([_int_keys(item) for item in one], _int_keys(other)) for one, other in zip(inputs, outputs, strict=True)]
    entry_point = f"Solution.{name}" if "class Solution" in starter else name
    return {"entry_point": entry_point, "tests": CHECK.format(cases=cases), "checks": len(cases)}


def _written(value: JSON) -> JSON:
    """Some rows hold a list of lines in the place of text."""
    return "\n".join(map(str, value)) + "\n" if isinstance(value, list) else value


def _int_keys(value: JSON) -> JSON:
    """JSON has made text of a dictionary's whole numbers; upstream undoes it in the same way."""
    if isinstance(value, dict) and value and all(key.removeprefix("-").isdecimal() for key in value):
        return {int(key): item for key, item in value.items()}
    return value
