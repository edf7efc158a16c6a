"""What ``rft tasks`` tells about every task."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from annotated_types import Ge, Gt, Le

from rft.errors import InputError
from rft.tasks import TASKS
from rft.tasks.catalog import Option, describe
from rft.types import Problem


@dataclass
class Own:
    """A third party's task.

    More text.
    """

    sizes: list[int] = field(default_factory=list)
    scale: Annotated[float, Gt(0)] = 1.0
    """How large,
    and more."""
    most: Annotated[int, Ge(1), Le(9)] | None = None
    state: int = field(default=0, init=False)

    def problems(self, split: str) -> Iterator[Problem]:
        return iter(())


@pytest.mark.parametrize("kind", TASKS)
def test_every_option_of_every_task_is_documented(kind: str) -> None:
    info = describe(kind)
    assert info.summary.endswith(".") or info.summary.endswith('"?')
    assert info.options
    assert [option.name for option in info.options if not option.doc] == []


def test_required_options_come_first_and_parents_are_read() -> None:
    info = describe("jsonl")
    assert info.options[0] == Option(
        "path",
        "str | dict[str, str]",
        None,
        "One file (split train), or one per split: {train: FILE, test: FILE}.",
    )
    assert {option.name: option.default for option in info.options}["verifier"] == "'math'"
    assert info.splits is None


def test_splits_are_told_where_no_option_is_needed() -> None:
    assert describe("gsm8k").splits == ("train", "test")
    assert describe("arithmetic").splits == ("train", "test")


def test_a_third_partys_task_is_described() -> None:
    info = describe(f"{__name__}:Own")
    assert info.summary == "A third party's task."
    assert info.options == (
        Option("sizes", "list[int]", "[]", ""),
        Option("scale", "float, above 0", "1.0", "How large, and more."),
        Option("most", "int | None, from 1 to 9", "None", ""),
    )


def test_an_unknown_task_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="unknown task 'gsm8'; did you mean 'gsm8k'"):
        describe("gsm8")


def test_the_modules_load_without_anything_heavy() -> None:
    program = (
        "import sys, rft.tasks.catalog, rft.tasks.arithmetic, rft.tasks.gsm8k, rft.tasks.math, rft.judging.proof;"
        "import rft.tasks.apps, rft.tasks.codecontests, rft.tasks.humaneval, rft.tasks.livecodebench, rft.tasks.mbpp;"
        "import rft.tasks.multi_humaneval;"
        "print([name for name in ('datasets', 'pyarrow', 'pydantic', 'sympy', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
