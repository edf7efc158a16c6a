import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rft.processes.workers import WorkerError, WorkerMemoryError, WorkerPool, WorkerTimeoutError

HANG = "tests.processes.hang"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pool = WorkerPool(HANG, size=1, memory_mib=512, recycle_after=1000)
    yield pool
    pool.close()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def pid_of(pool: WorkerPool) -> int:
    with pool.worker() as worker:
        value: dict[str, int] = worker.ask(["echo"], 5).value
    return value["pid"]


def test_nothing_starts_before_the_first_question(pool: WorkerPool) -> None:
    with pool.worker() as worker:
        assert worker.pid is None


def test_a_worker_persists_and_its_prints_are_no_replies(pool: WorkerPool) -> None:
    first = pid_of(pool)
    with pool.worker() as worker:
        assert worker.ask(["print"], 5).value is None
        assert worker.ask(["echo", "ü\n"], 5).value == {"echo": ["ü\n"], "pid": first}


@pytest.mark.parametrize("question", [["sleep", 60], ["hold the GIL"]], ids=["sleep", "one long C call"])
def test_a_hang_is_killed_on_time_and_the_next_question_is_answered(pool: WorkerPool, question: list[object]) -> None:
    stuck = pid_of(pool)
    start = time.monotonic()
    with pool.worker() as worker, pytest.raises(WorkerTimeoutError, match=r"within 0\.5 s"):
        worker.ask(question, 0.5)
    assert time.monotonic() - start < 2
    assert not Path(f"/proc/{stuck}").exists()
    assert pid_of(pool) != stuck


@pytest.mark.parametrize("question", [["eat", 2000], ["swallow"]], ids=["raised", "swallowed by a library"])
def test_memory_is_capped(pool: WorkerPool, question: list[object]) -> None:
    with pool.worker() as worker, pytest.raises(WorkerMemoryError, match="512 MiB"):
        worker.ask(question, 20)
    assert pid_of(pool)


def test_what_fits_under_the_cap_is_answered(pool: WorkerPool) -> None:
    with pool.worker() as worker:
        assert worker.ask(["eat", 100], 20).value == 100 << 20


def test_a_worker_killed_while_idle_is_replaced(pool: WorkerPool) -> None:
    first = pid_of(pool)
    os.kill(first, signal.SIGKILL)
    assert pid_of(pool) != first


def test_a_worker_killed_in_the_middle_is_replaced_and_asked_again(pool: WorkerPool) -> None:
    first = pid_of(pool)
    threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
    with pool.worker() as worker:
        assert worker.ask(["sleep", 1], 5).value is None
        assert worker.pid != first


def test_a_question_that_kills_every_worker_fails(pool: WorkerPool) -> None:
    with pool.worker() as worker, pytest.raises(WorkerError, match="died twice"):
        worker.ask(["die"], 5)
    assert pid_of(pool)


def test_a_worker_that_cannot_start_says_why() -> None:
    pool = WorkerPool("rft.no_such_module", size=1, memory_mib=512, recycle_after=10)
    with pool.worker() as worker, pytest.raises(WorkerError, match="no_such_module"):
        worker.ask(["echo"], 5)
    pool.close()


def test_workers_are_recycled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    pool = WorkerPool(HANG, size=1, memory_mib=512, recycle_after=2)
    pids = [pid_of(pool) for _ in range(4)]
    pool.close()
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert not any(map(alive, pids))


def test_close_reaps_idle_and_busy_workers(pool: WorkerPool) -> None:
    pid = pid_of(pool)
    errors: list[WorkerError] = []

    def ask() -> None:
        with pool.worker() as worker:
            try:
                worker.ask(["sleep", 60], 60)
            except WorkerError as error:
                errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    pool.close()
    thread.join(5)
    assert not thread.is_alive()
    assert "closed" in str(errors[0])
    assert not Path(f"/proc/{pid}").exists()
    pool.close()


SCRIPT = """
import sys, threading, time
from rft.processes.workers import WorkerPool
pool = WorkerPool("tests.processes.hang", size=1, memory_mib=512, recycle_after=100)
with pool.worker() as worker:
    print(worker.ask(["echo"], 5).value["pid"], flush=True)
    if sys.argv[1] == "busy":
        worker.ask(["hold the GIL"], 3)
    elif sys.argv[1] == "idle":
        time.sleep(60)
"""


@pytest.mark.parametrize("state", ["busy", "idle"])
def test_no_worker_outlives_a_parent_that_was_killed(state: str) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", SCRIPT, state], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        assert alive(pid)
        parent.kill()
    assert wait_until_gone(pid, 6)


def test_no_worker_outlives_a_parent_that_forgot_to_close() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "end"], capture_output=True, text=True, env=environment, check=True
    )
    assert wait_until_gone(int(done.stdout), 6)
    assert done.stderr == ""


def test_a_forked_child_gets_workers_of_its_own(pool: WorkerPool) -> None:
    mine = pid_of(pool)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(pid_of(pool)).encode())
        pool.close()
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        theirs = int(pipe.read())
    assert theirs != mine
    assert pid_of(pool) == mine
    assert wait_until_gone(theirs, 5)


def test_the_memory_of_a_large_parent_is_not_taken_for_the_workers_own(pool: WorkerPool) -> None:
    ballast = b"x" * (400 << 20)
    assert pid_of(pool) == pid_of(pool)
    assert len(ballast) == 400 << 20
