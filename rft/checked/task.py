"""A task whose problems are sound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rft.checked.faults import a_kind, blaming, iterated, wrong_field
from rft.errors import InputError
from rft.registry import declared
from rft.types import Problem

_FIELDS = (
    ("id", (str,)),
    ("prompt", (str, tuple)),
    ("verifier", (str,)),
    ("task", (str,)),
    ("split", (str,)),
    ("metadata", (Mapping,)),
)


@dataclass
class CheckedTask:
    """A task whose problems are what they should be."""

    name: str
    """As in the config."""
    task: Any

    @property
    def splits(self) -> tuple[str, ...] | None:
        """The names of its splits; None where they cannot be known."""
        splits = declared(self.task, "splits")
        return None if splits is None else tuple(str(split) for split in splits)

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in a fixed order.

        Raises:
            InputError: the split is unknown, the data malformed, or the task raises or yields something else.
        """
        who = f"task '{self.name}'"
        with blaming(who, InputError):
            problems = iterated(self.task.problems(split), who, "problems", InputError)
            for number, problem in enumerate(problems, start=1):
                if fault := _fault(problem):
                    raise InputError(f"{who}, problem number {number} of split '{split}': {fault}")
                yield problem


def _fault(problem: object) -> str | None:
    if not isinstance(problem, Problem):
        return f"it is {a_kind(problem)}; a rft.types.Problem is wanted"
    if fault := wrong_field(problem, _FIELDS):
        return fault
    if not problem.id:
        return "its id is empty; every problem has an id of its own"
    if isinstance(problem.prompt, tuple) and not all(map(_is_message, problem.prompt)):
        return 'its prompt holds something else than messages such as {"role": "user", "content": "..."}'
    return None


def _is_message(turn: object) -> bool:
    return isinstance(turn, Mapping) and all(isinstance(turn.get(key), str) for key in ("role", "content"))
