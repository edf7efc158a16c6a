"""Reads the golden table: JSON lines, one file per kind of answer, each case with where it comes from.

A case holds a ``reference``, an ``answer`` (what stands in the box) or a whole ``completion``, the expected
``outcome``, its ``source``, and where it is about one, a ``policy``. A long text is written in parts:
``["1+", ["x+", 5000], "1"]``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rft.types import JSON, Outcome, Problem

FOLDER = Path(__file__).parent / "golden"
KINDS = sorted(file.stem for file in FOLDER.glob("*.jsonl"))


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the table."""

    name: str
    """Kind and line number."""
    problem: Problem
    completion: str
    outcome: Outcome
    policy: dict[str, str]
    note: str


def cases(kind: str) -> Iterator[Case]:
    """Yields the cases of one kind."""
    with (FOLDER / f"{kind}.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            reference = row["reference"]
            boxed = "So the answer is $\\boxed{" + _whole(row.get("answer", "")) + "}$."
            yield Case(
                name=f"{kind}/{number}",
                problem=Problem(f"{kind}/{number}", "?", "math", _reference(reference), "golden", "test"),
                completion=_whole(row["completion"]) if "completion" in row else boxed,
                outcome=Outcome(row["outcome"]),
                policy=row.get("policy", {}),
                note=row.get("note", ""),
            )


def _reference(written: JSON) -> JSON:
    in_parts = isinstance(written, list) and any(isinstance(part, list) for part in written)
    return _whole(written) if in_parts else written


def _whole(written: JSON) -> str:
    if isinstance(written, str):
        return written
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in written)
