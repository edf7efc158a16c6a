"""Records cross as JSON unchanged, and nothing else is taken for one."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rft.sandboxes.http.records import (
    MAX_DEPTH,
    examination_from_json,
    examination_to_json,
    execution_from_json,
    execution_to_json,
    limits_from_json,
    limits_to_json,
    parse_json,
    program_from_json,
    program_to_json,
)
from rft.types import Examination, Execution, Limits, Program, Status
from tests.sandboxes.servers import DONE

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SECONDS = st.floats(0, 1e6)
EXECUTIONS = st.builds(
    Execution,
    status=st.sampled_from(Status),
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    stdout=TEXT,
    stderr=TEXT,
    stdout_truncated=st.booleans(),
    stderr_truncated=st.booleans(),
    cpu_s=SECONDS,
    wall_s=SECONDS,
    peak_memory_mib=SECONDS,
    enforced=st.frozensets(st.sampled_from(["wall_s", "cpu_s", "isolation"])),
    backend=TEXT,
    image=st.none() | TEXT,
)


def over_the_wire(value: object) -> Any:
    return parse_json(json.dumps(value).encode())


@settings(deadline=None, max_examples=50)
@given(EXECUTIONS)
def test_an_execution_crosses_unchanged(execution: Execution) -> None:
    assert execution_from_json(over_the_wire(execution_to_json(execution))) == execution


@settings(deadline=None, max_examples=50)
@given(EXECUTIONS, EXECUTIONS)
def test_an_examination_crosses_unchanged(candidate: Execution, tester: Execution) -> None:
    for report in (None, {"checks": 3, "failure": None}):
        examination = Examination(candidate, tester, report)
        assert examination_from_json(over_the_wire(examination_to_json(examination))) == examination


@settings(deadline=None, max_examples=50)
@given(st.builds(Program, TEXT, TEXT, TEXT), st.builds(Limits, cpu_s=st.floats(0.1, 300), disk_mib=st.integers(1, 99)))
def test_programs_and_limits_cross_unchanged(program: Program, limits: Limits) -> None:
    assert program_from_json(over_the_wire(program_to_json(program))) == program
    assert limits_from_json(over_the_wire(limits_to_json(limits))) == limits


WRONG = [
    ("status", "finished"),
    ("status", None),
    ("exit_code", "0"),
    ("exit_code", True),
    ("exit_code", 0.0),
    ("stdout", None),
    ("stdout", ["x"]),
    ("stdout_truncated", 0),
    ("cpu_s", "0.1"),
    ("cpu_s", -1.0),
    ("cpu_s", True),
    ("exit_code", 10**400),
    ("wall_s", 10**400),
    ("peak_memory_mib", float("inf")),
    ("enforced", "wall_s"),
    ("enforced", [1]),
    ("image", 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG, ids=lambda value: str(value)[:12])
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field}|Status"):
        execution_from_json({**execution_to_json(DONE), field: value})


@pytest.mark.parametrize("field", sorted(execution_to_json(DONE)))
def test_a_missing_field_is_named(field: str) -> None:
    given_ = execution_to_json(DONE)
    del given_[field]
    with pytest.raises(ValueError, match=f"'{field}' is missing"):
        execution_from_json(given_)


def test_a_field_of_a_later_release_is_left_alone() -> None:
    assert execution_from_json({**execution_to_json(DONE), "later": 1}) == DONE


def test_a_whole_number_of_seconds_is_a_float() -> None:
    assert execution_from_json({**execution_to_json(DONE), "wall_s": 2}) == replace(DONE, wall_s=2.0)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000, 1_000_000])
def test_deep_json_is_refused_and_harms_nobody(depth: int) -> None:
    with pytest.raises(ValueError, match="deep"):
        parse_json(b"[" * depth + b"]" * depth)


def test_json_as_deep_as_allowed_is_taken() -> None:
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b'{"a": 1} x', b"1" * 5000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)
