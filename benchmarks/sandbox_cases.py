"""The programs of the sandbox benchmark: every HumanEval problem's own solution, and the same with ``return None``.

From ``RFT_DATA``: ``humaneval/HumanEval.jsonl.gz`` (prompt, solution, tests), and for EvalPlus, which compares values
where the others run assert statements, the same tests as inputs: ``base_input`` of HumanEval+.
"""

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

from rft.tasks.humaneval import HumanEval
from rft.types import JSON, Problem

TESTS = "humaneval/HumanEval.jsonl.gz"
INPUTS = "humanevalplus/HumanEvalPlus-Mini.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Case:
    """One program and what must be said of it."""

    problem: Problem
    source: str
    is_right: bool
    row: JSON
    """The problem as upstream has it: ``prompt``, ``canonical_solution``, ``test``, ``entry_point``, ``base_input``."""

    @property
    def with_tests(self) -> str:
        """The program with its tests behind it, for those who run both in one process."""
        return f"{self.source}\n{self.row['test']}\ncheck({self.row['entry_point']})\n"


def cases() -> list[Case]:
    """Returns a right and a wrong program for each of the 164 problems, in turn."""
    data = Path(os.environ["RFT_DATA"])
    rows = {row["task_id"]: row for row in _rows(data / TESTS)}
    for row in _rows(data / INPUTS):
        rows[row["task_id"]] |= {name: row[name] for name in ("base_input", "atol")}
    found = []
    for problem in HumanEval(str(data / TESTS)).problems("train"):
        row = rows[problem.id]
        for is_right, body in ((True, row["canonical_solution"]), (False, "    return None\n")):
            found.append(Case(problem, row["prompt"] + body, is_right, row))
    return found


def _rows(path: Path) -> list[JSON]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]
