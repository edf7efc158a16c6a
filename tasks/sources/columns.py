"""Makes problems out of rows by a column mapping, and refuses what no verifier could judge."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rft.errors import InputError, short, unknown
from rft.tasks.sources.rows import Located
from rft.types import JSON, Message, Problem, Prompt

DEFAULT_ID = "id"
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """The options that every task over a user's own rows has: which column holds what."""

    id: str = DEFAULT_ID
    """Column with a unique id, over all splits; where there is none, split and row number serve: train/17."""
    prompt: str = "prompt"
    """Column with the question: text, or a list of chat messages that ends with the user's."""
    reference: str = "reference"
    """Column with what the verifier needs: for math an answer, or a list of accepted answers; for code an object with
    tests or cases, as such or as JSON in text."""
    verifier: str = "math"
    """Name of the verifier that judges the problems."""
    metadata: tuple[str, ...] = ()
    """Further columns to keep with the problem."""

    @property
    def columns(self) -> list[str]:
        """All columns that are read, each once."""
        return list(dict.fromkeys((self.id, self.prompt, self.reference, *self.metadata)))

    def to_problems(self, rows: Iterable[Located], task: str, split: str) -> Iterator[Problem]:
        """Yields one checked problem per row, in order.

        Raises:
            InputError: a column is missing, an id comes twice, a prompt or reference is empty or of the wrong kind;
                the message names file, line and problem.
        """
        return unique((located.where, self._to_problem(located, task, split)) for located in rows)

    def _to_problem(self, located: Located, task: str, split: str) -> Problem:
        problem_id = _id(located, self.id, split)
        spot = f"{located.where}, problem '{problem_id}', column"
        return Problem(
            id=problem_id,
            prompt=to_prompt(column(located, self.prompt), f"{spot} '{self.prompt}'"),
            verifier=self.verifier,
            reference=to_reference(column(located, self.reference), self.verifier, f"{spot} '{self.reference}'"),
            task=task,
            split=split,
            metadata={name: to_json(column(located, name), f"{spot} '{name}'") for name in self.metadata},
        )


def unique(problems: Iterable[tuple[str, Problem]]) -> Iterator[Problem]:
    """Yields problems that come with their places, in order. Memory: one id per problem.

    Raises:
        InputError: an id comes a second time; names the place.
    """
    seen: set[str] = set()
    for where, problem in problems:
        if problem.id in seen:
            raise InputError(f"{where}: id '{problem.id}' was there before; ids must be unique")
        seen.add(problem.id)
        yield problem


def column(located: Located, name: str) -> JSON:
    """Returns a row's value.

    Raises:
        InputError: the row has no such column; the nearest name is offered.
    """
    if name not in located.row:
        raise unknown("column", name, located.row, where=f" in {located.where}")
    return located.row[name]


def to_prompt(value: JSON, where: str) -> Prompt:
    """Returns text as it stands, or chat messages as a tuple.

    Raises:
        InputError: neither, or empty, or a message with an unknown role, or no user's turn at the end.
    """
    if isinstance(value, str) and value.strip():
        return value
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: the prompt is {short(repr(value), 60)}; text or a list of chat messages is wanted")
    messages = tuple(_message(item, f"{where}, message {index}") for index, item in enumerate(value, 1))
    if messages[-1]["role"] != "user":
        raise InputError(f"{where}: the last message is from '{messages[-1]['role']}'; it must be the user's question")
    return messages


def to_reference(value: JSON, verifier: str, where: str) -> JSON:
    """Returns a reference that a verifier can take: for math, plain numbers become text; for code, text an object.

    Raises:
        InputError: it is null or empty, for math a boolean or an object, for code without tests or cases.
    """
    value = to_json(value, where)
    if value is None or value in ([], {}) or (isinstance(value, str) and not value.strip()):
        raise InputError(f"{where}: the reference is {short(repr(value), 60)}; every problem needs one to be judged by")
    if verifier == "code":
        return _code_reference(value, where)
    if verifier != "math":
        return value
    if isinstance(value, list):
        return [to_reference(item, verifier, where) for item in value]
    if isinstance(value, bool | dict):
        raise InputError(
            f"{where}: the reference is {short(repr(value), 60)}; for math it is text, a number or a list of these"
        )
    return value if isinstance(value, str) else format(Decimal(str(value)), "f")


def _code_reference(value: JSON, where: str) -> JSON:
    wanted = 'for code it is an object with "tests" or "cases"'
    if isinstance(value, str):  # Parquet has no column type for arguments of any kind, so people write JSON
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: the reference is text, but not JSON ({error}); {wanted}") from error
    if not isinstance(value, dict):
        raise InputError(f"{where}: the reference is {short(repr(value), 60)}; {wanted}")
    # Parquet gives every row the keys of all rows
    reference = {key: item for key, item in value.items() if item is not None}
    if isinstance(reference.get("cases"), list):
        reference["cases"] = [_case(case) for case in reference["cases"]]
    if not (reference.get("tests") or reference.get("cases")):
        raise InputError(f"{where}: the reference has the keys {', '.join(sorted(reference)) or 'none'}; {wanted}")
    return reference


def _case(case: JSON) -> JSON:
    """None is a value that a call may have to return, but no argument list and no text."""
    if not isinstance(case, dict) or None not in case.values():
        return case
    kept = {key: item for key, item in case.items() if item is not None}
    return {"expected": None, **kept} if "args" in kept or "kwargs" in kept else kept


def to_json(value: object, where: str) -> JSON:
    """Returns a cell as a JSON value; Parquet's dates and decimals become text.

    Raises:
        InputError: JSON has nothing for it (bytes, NaN, infinities).
    """
    match value:
        case float() if not math.isfinite(value):
            raise InputError(f"{where}: holds {value}, which JSON cannot hold")
        case None | bool() | int() | float() | str():
            return value
        case dict():
            return {str(key): to_json(item, where) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item, where) for item in value]
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
    raise InputError(f"{where}: holds {type(value).__name__}, which JSON cannot hold")


def _id(located: Located, name: str, split: str) -> str:
    if name == DEFAULT_ID and name not in located.row:
        return f"{split}/{located.number}"
    value = column(located, name)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise InputError(
            f"{located.where}, column '{name}': the id is {short(repr(value), 60)}; text or a whole number is wanted"
        )
    return str(value)


def _message(item: JSON, where: str) -> Message:
    if not isinstance(item, dict):
        raise InputError(f"{where}: is {short(repr(item), 60)}; an object with role and content is wanted")
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise InputError(f"{where}: the role is {short(repr(role), 60)}; known: {', '.join(ROLES)}")
    if not isinstance(content, str) or not content.strip():
        raise InputError(f"{where}: the content is {short(repr(content), 60)}; text is wanted")
    extra = sorted(key for key, value in item.items() if key not in ("role", "content") and value is not None)
    if extra:
        raise InputError(f"{where}: has '{extra[0]}' beside role and content; a chat template would not show it")
    return Message(role=role, content=content)
