"""Files of rows for the tests of tasks, and what a task says of bad ones."""

import json
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.types import JSON, Problem, Task

Row = dict[str, JSON]


def write(path: Path, *rows: Row) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def only(task: Task, split: str = "train") -> Problem:
    (problem,) = task.problems(split)
    return problem


def refusal(task: Task, split: str = "train") -> str:
    with pytest.raises(InputError) as caught:
        list(task.problems(split))
    text = str(caught.value)
    assert "\n" not in text
    return text
