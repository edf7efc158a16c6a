"""A real local sandbox behind a real server: what comes out of the client is what the sandbox itself says."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from rft.errors import InputError
from rft.sandboxes.http.sandbox import HttpSandbox
from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Limits, Program, Sandbox, Status
from tests.conftest import require_local
from tests.sandboxes.servers import Remote

LIMITS = Limits(cpu_s=5, wall_s=10, memory_mib=256, output_kib=64)
EXAM = {"entry_point": "add", "program": "assert add(1, 2) == 3"}


@pytest.fixture(scope="module")
def remote() -> Iterator[HttpSandbox]:
    require_local()
    os.environ["RFT_TEST_TOKEN"] = "s3cret"
    sandbox = Remote(cast(Sandbox, LocalSandbox(slots=2)), token_env="RFT_TEST_TOKEN")
    yield sandbox
    sandbox.close()


def test_a_program_runs(remote: HttpSandbox) -> None:
    execution = remote.run(Program("print(input()[::-1])", stdin="abc\n"), LIMITS)
    assert (execution.status, execution.stdout, execution.exit_code) == (Status.EXITED, "cba\n", 0)
    assert {"wall_s", "memory_mib", "isolation"} <= execution.enforced
    assert execution.backend == "http:local"
    assert execution.peak_memory_mib > 0


ENDS = [
    ("raise SystemExit(3)", Status.EXITED),
    ("while True: pass", Status.TIMEOUT),
    ("x = bytearray(1 << 30)", Status.MEMORY_LIMIT),
    ("while True: print('x' * 1000)", Status.OUTPUT_LIMIT),
    ("import ctypes; ctypes.string_at(0)", Status.SIGNALED),
    ("print('\\0' * 60000)", Status.EXITED),
]


@pytest.mark.parametrize(("source", "status"), ENDS)
def test_every_end_crosses(remote: HttpSandbox, source: str, status: Status) -> None:
    execution = remote.run(Program(source), Limits(cpu_s=1, wall_s=2, memory_mib=256, output_kib=64))
    assert execution.status is status


def test_a_right_and_a_wrong_candidate_are_examined(remote: HttpSandbox) -> None:
    right = remote.examine(Program("def add(a, b): return a + b"), EXAM, LIMITS)
    wrong = remote.examine(Program("def add(a, b): return a - b"), EXAM, LIMITS)
    assert (right.report["passed"], right.report["checks"]) == (True, 1)
    assert (wrong.report["passed"], wrong.report["failure"]["kind"]) == (False, "wrong")


def test_a_language_that_the_server_does_not_know_is_the_users_mistake(remote: HttpSandbox) -> None:
    with pytest.raises(InputError, match="cobol"):
        remote.run(Program("", "cobol"), LIMITS)


def test_many_at_a_time_come_back_in_order(remote: HttpSandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        programs = [Program("print(input())", stdin=f"{number}\n") for number in range(100)]
        results = list(threads.map(lambda program: remote.run(program, LIMITS), programs))
    assert [result.stdout for result in results] == [program.stdin for program in programs]


def test_the_server_takes_the_originals_form_too(remote: HttpSandbox) -> None:
    [endpoint] = remote._endpoints.all
    endpoint.ours = False
    try:
        assert remote.run(Program("print(1)"), LIMITS).stdout == "1\n"
        assert remote.run(Program("while True: pass"), Limits(wall_s=0.5)).status is Status.TIMEOUT
        assert remote.run(Program("while True: print('x' * 999)"), Limits(wall_s=5)).status is Status.OUTPUT_LIMIT
    finally:
        endpoint.ours = True
