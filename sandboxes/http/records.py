"""Sandbox records to plain JSON and back, for what crosses a network. What comes back is checked field by field.

The other side is never trusted: a wrong type, a missing field, a number out of range or JSON that is too deep is a
``ValueError`` that names the place. Unknown fields are ignored, so that a newer server can say more.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rft.sandboxes.limits import checked_limits
from rft.types import JSON, Examination, Execution, Limits, Program, Status

PROTOCOL = 1
"""Version of the ``/rft/`` calls that carry these records."""
MAX_DEPTH = 400
"""Tagged plain data nests up to 100 deep and each level may take three of JSON."""


MAX_NUMBER = 1e15
"""Of anything. JSON has integers that no float can hold, and ``1e999``."""


def parse_json(body: bytes) -> JSON:
    """Returns the value of a JSON text that is UTF-8, strict (no NaN) and no deeper than ``MAX_DEPTH``.

    Raises:
        ValueError: it is not; the message says why.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH}") from error
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return value
    raise ValueError(f"JSON is nested deeper than {MAX_DEPTH}")


def program_to_json(program: Program) -> dict[str, JSON]:
    """Returns a program as a JSON object."""
    return asdict(program)


def program_from_json(value: JSON) -> Program:
    """Returns the program that ``program_to_json`` wrote; language and stdin may be left out.

    Raises:
        ValueError: a field is missing or of another type.
    """
    given = {"language": "python", "stdin": "", **_object(value, "program")}
    return Program(_take(given, "source", str), _take(given, "language", str), _take(given, "stdin", str))


def limits_to_json(limits: Limits) -> dict[str, JSON]:
    """Returns limits as a JSON object."""
    return asdict(limits)


def limits_from_json(value: JSON) -> Limits:
    """Returns limits; what is left out has its default.

    Raises:
        ValueError: a field is unknown, of another type, or out of its range.
    """
    asked: dict[str, Any] = checked_limits(value)
    return Limits(**asked)


def execution_to_json(execution: Execution) -> dict[str, JSON]:
    """Returns an execution as a JSON object; ``enforced`` becomes a sorted list."""
    return {**asdict(execution), "status": execution.status.value, "enforced": sorted(execution.enforced)}


def execution_from_json(value: JSON) -> Execution:
    """Returns the execution that ``execution_to_json`` wrote.

    Raises:
        ValueError: a field is missing or of another type.
    """
    given = _object(value, "execution")
    enforced = _take(given, "enforced", list)
    if not all(isinstance(name, str) for name in enforced):
        raise ValueError("'enforced' holds something else than names")
    return Execution(
        status=Status(_take(given, "status", str)),
        exit_code=None if given.get("exit_code", 0) is None else _number(given, "exit_code", whole=True),
        signal=None if given.get("signal", 0) is None else _number(given, "signal", whole=True),
        stdout=clean(_take(given, "stdout", str)),
        stderr=clean(_take(given, "stderr", str)),
        stdout_truncated=_take(given, "stdout_truncated", bool),
        stderr_truncated=_take(given, "stderr_truncated", bool),
        cpu_s=_number(given, "cpu_s"),
        wall_s=_number(given, "wall_s"),
        peak_memory_mib=_number(given, "peak_memory_mib"),
        enforced=frozenset(enforced),
        backend=_take(given, "backend", str),
        image=_take(given, "image", str, type(None)),
    )


def examination_to_json(examination: Examination) -> dict[str, JSON]:
    """Returns an examination as a JSON object."""
    return {
        "candidate": execution_to_json(examination.candidate),
        "tester": execution_to_json(examination.tester),
        "report": examination.report,
    }


def examination_from_json(value: JSON) -> Examination:
    """Returns the examination that ``examination_to_json`` wrote.

    Raises:
        ValueError: a field is missing or of another type.
    """
    given = _object(value, "examination")
    report = _take(given, "report", dict, type(None))
    return Examination(
        execution_from_json(given.get("candidate")), execution_from_json(given.get("tester")), report=report
    )


def clean(text: str) -> str:
    """Returns a text that can be written as UTF-8: JSON can spell half a surrogate pair, which then becomes ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _children(value: JSON) -> list[JSON]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


def _object(value: JSON, what: str) -> Mapping[str, JSON]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {type(value).__name__}, not an object")
    return value


def _take(given: Mapping[str, JSON], key: str, *kinds: type) -> Any:
    if key not in given:
        raise ValueError(f"'{key}' is missing")
    if type(given[key]) not in kinds:
        allowed = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"'{key}' is {type(given[key]).__name__}, not {allowed}")
    return given[key]


def _number(given: Mapping[str, JSON], key: str, whole: bool = False) -> Any:
    value = _take(given, key, int) if whole else _take(given, key, int, float)
    if not 0 <= value <= MAX_NUMBER:
        raise ValueError(f"'{key}' is out of range")
    return value if whole else float(value)
