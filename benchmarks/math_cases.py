"""The cases on which math graders are measured: labelled generations of real models, and the golden table.

Labelled generations lie in the folder named by the environment variable ``RFT_DATA``, one folder per source with a
``SOURCE.md`` that says where its labels come from. The golden table is ``tests/verifiers/golden``, one file per kind.
"""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rft.types import JSON, Outcome, Problem
from tests.verifiers.golden import KINDS, cases

GENERATIONS = (
    "math_gens_qwen8/sample",
    "math_gens_mathcoder/sample",
    "math_gens_zeroeval/gsm8k_sample",
    "math_gens_zeroeval/math_l5_sample",
    "gsm8k_gens_openai/sample",
    "gsm8k_gens_tora/sample",
)
"""Files with whole completions and a label for each."""
HARD = "hardverify_math/sample"
"""Pairs of answers: one that is right, though rules have called it wrong, and one that is wrong."""
HOSTILE = "golden/hostile"


@dataclass(frozen=True, slots=True)
class Case:
    """One completion whose verdict is known."""

    file: str
    """Where it stands; for the golden table ``golden/KIND``."""
    group: str
    """Cases with the same file and group are candidates of one problem."""
    reference: JSON
    """The right answer, or a list of right answers."""
    completion: str
    expected: Outcome
    in_points: bool = False
    """Whether a bare number answers a question for a percentage, as in GSM8K; our task of that name says so too."""

    @property
    def right(self) -> bool:
        return self.expected is Outcome.CORRECT

    @property
    def references(self) -> list[str]:
        """The accepted answers as texts."""
        return [str(one) for one in (self.reference if isinstance(self.reference, list) else [self.reference])]

    def problem(self) -> Problem:
        metadata = {"policy": {"percent": "points"}} if self.in_points else {}
        return Problem(self.group, "?", "math", self.reference, self.file, "test", metadata)


def labelled() -> list[Case]:
    """Returns every labelled case of ``RFT_DATA``, candidates of one problem next to each other."""
    if not (named := os.environ.get("RFT_DATA")):
        raise SystemExit(f"RFT_DATA is not set: name the folder that holds {GENERATIONS[0]}.jsonl.gz and its kin")
    folder = Path(named)
    found = [case for name in GENERATIONS for case in _generations(folder, name)] + list(_hard(folder))
    return sorted(found, key=lambda case: (case.file, case.group))


def golden() -> list[Case]:
    """Returns the golden table by kind, without hostile cases, unusable references, and policies but the default."""
    return [case for case in _benign() if case.expected is not Outcome.UNJUDGED]


def unusable() -> list[Case]:
    """Returns the cases of the golden table whose reference cannot be used, so that nothing can be judged."""
    return [case for case in _benign() if case.expected is Outcome.UNJUDGED]


def hostile() -> list[Case]:
    """Returns the hostile cases of the golden table."""
    return list(_golden("hostile")) if "hostile" in KINDS else []


def problems(in_order: list[Case]) -> list[list[Case]]:
    """Returns the cases of each problem together; they must stand next to each other."""
    return [list(group) for _, group in groupby(in_order, key=lambda case: (case.file, case.group))]


def _generations(folder: Path, name: str) -> Iterator[Case]:
    for row in _rows(folder / f"{name}.jsonl.gz"):
        if row["label"] is not None:
            group = f"{row['task']} {row['reference']}"
            expected = Outcome.CORRECT if row["label"] else Outcome.INCORRECT
            in_points = "gsm8k" in f"{name} {row.get('dataset', '')}".lower()
            yield Case(name.removesuffix("/sample"), group, row["reference"], row["response"], expected, in_points)


def _hard(folder: Path) -> Iterator[Case]:
    for row in _rows(folder / f"{HARD}.jsonl.gz"):
        for field, expected in (("equivalent", Outcome.CORRECT), ("not_equivalent", Outcome.INCORRECT)):
            if row.get(field):
                yield Case("hardverify_math", row["id"], row["reference"], _boxed(row[field]), expected)


def _benign() -> Iterator[Case]:
    for kind in KINDS:
        if kind != "hostile":
            yield from _golden(kind)


def _golden(kind: str) -> Iterator[Case]:
    for row in cases(kind):
        if not row.policy:
            yield Case(f"golden/{kind}", row.name, row.problem.reference, row.completion, row.outcome)


def _boxed(answer: str) -> str:
    return f"So the answer is $\\boxed{{{answer}}}$."


def _rows(path: Path) -> Iterator[dict[str, JSON]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
