"""The pool, with supervisors that are a few lines of Python: who gets a slot, and what happens when one fails."""

import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rft.errors import InputError, SandboxError
from rft.sandboxes import pool as pools
from rft.sandboxes.inside import frames
from rft.sandboxes.pool import Channel, Pool

Answer = Callable[[dict[str, Any]], Any]
JOB = {"limits": {"memory_mib": 1}, "n": 1}
HELLO = frames.pack({"ready": True})


def echo(job: dict[str, Any]) -> Any:
    return {"n": job["n"]}


class Line:
    """A channel to a supervisor that answers by a function; it may raise what a broken stream raises."""

    def __init__(self, answer: Answer = echo, hello: bytes = HELLO) -> None:
        self._answer, self._out = answer, bytearray(hello)
        self.closed = 0

    def send(self, data: bytes) -> None:
        out = self._answer(frames.unpack(io.BytesIO(data).read, 1 << 20))
        self._out += out if isinstance(out, bytes) else frames.pack(out)

    def recv(self, n: int) -> bytes:
        data = bytes(self._out[:n])
        del self._out[:n]
        return data

    def settimeout(self, seconds: float | None) -> None:
        self.timeout_s = seconds

    def bound(self, limits: Mapping[str, Any]) -> bool:
        return False

    def said(self) -> str:
        return "last words"

    def close(self) -> None:
        self.closed += 1


class Starts:
    """Starts the lines that it was given, one after the other; an exception is raised in a line's place."""

    def __init__(self, *lines: Line | BaseException) -> None:
        self.lines = lines
        self._next: Iterator[Line | BaseException] = iter(lines)
        self.started = 0

    def __call__(self) -> Channel:
        self.started += 1
        if isinstance(line := next(self._next), BaseException):
            raise line
        return line


@pytest.fixture(autouse=True)
def no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "BACK_OFF_S", (0.0, 0.0, 0.0, 0.0))


def raising(error: BaseException) -> Answer:
    def answer(_: dict[str, Any]) -> Any:
        raise error

    return answer


# -- replies


def test_a_slot_starts_with_the_first_job_and_is_kept() -> None:
    starts = Starts(Line())
    pool = Pool([starts], 100)
    assert starts.started == 0
    assert [pool.ask(JOB | {"n": n}, 1)["n"] for n in range(5)] == list(range(5))
    assert starts.started == 1


def test_the_last_used_slot_is_used_first() -> None:
    starts = [Starts(Line()) for _ in range(3)]
    pool = Pool(list(starts), 100)
    for _ in range(4):
        pool.ask(JOB, 1)
    assert [one.started for one in starts] == [0, 0, 1]


def test_the_supervisor_gets_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "GRACE_S", 7.0)
    line = Line()
    Pool([Starts(line)], 100).ask(JOB, 3)
    assert line.timeout_s == 10.0


FAILURES = {
    "fault": lambda _: {"fault": "no memory"},
    "end of stream": lambda _: b"",
    "half a reply": lambda _: frames.pack({"n": 1})[:6],
    "no JSON": lambda _: b"\0\0\0\2{{",
    "no object": lambda _: [1],
    "too long": lambda _: b"\xff\xff\xff\xff",
    "broken stream": raising(BrokenPipeError("broken")),
    "time is up": raising(TimeoutError("timed out")),
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_a_job_whose_slot_failed_is_tried_once_more_in_a_fresh_one(answer: Answer) -> None:
    bad, good = Line(answer), Line()
    pool = Pool([Starts(bad, good)], 100)
    assert pool.ask(JOB, 1) == {"n": 1}
    assert (bad.closed, good.closed) == (1, 0)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_a_job_that_fails_twice_is_a_sandbox_error_and_the_next_job_runs(answer: Answer) -> None:
    lines = [Line(answer), Line(answer), Line()]
    pool = Pool([Starts(*lines)], 100)
    with pytest.raises(SandboxError, match=r"the sandbox failed: .*last words"):
        pool.ask(JOB, 1)
    assert pool.ask(JOB, 1) == {"n": 1}
    assert [line.closed for line in lines] == [1, 1, 0]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_an_interrupted_jobs_reply_is_never_the_next_jobs(error: BaseException) -> None:
    lines = [Line(raising(error)), Line()]
    pool = Pool([Starts(*lines)], 100)
    with pytest.raises(type(error)):
        pool.ask(JOB | {"n": 1}, 1)
    assert pool.busy == 0
    assert pool.ask(JOB | {"n": 2}, 1) == {"n": 2}
    assert lines[0].closed == 1


def test_a_start_that_is_interrupted_before_the_greeting_leaves_no_line_with_one_in_it() -> None:
    class Interrupted(Line):
        def recv(self, n: int) -> bytes:
            raise KeyboardInterrupt

    interrupted = Interrupted()
    pool = Pool([Starts(interrupted, Line())], 100)
    with pytest.raises(KeyboardInterrupt):
        pool.ask(JOB, 1)
    assert interrupted.closed == 1
    assert pool.ask(JOB, 1) == {"n": 1}


# -- starting


def test_a_slot_that_cannot_be_started_now_is_started_later_and_costs_no_try() -> None:
    starts = Starts(SandboxError("away"), Line(hello=b""), Line(FAILURES["fault"]), Line())
    assert Pool([starts], 100).ask(JOB, 1) == {"n": 1}


def test_back_off_waits_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(pools, "BACK_OFF_S", (1.0, 2.0))
    monkeypatch.setattr(time, "sleep", waited.append)
    starts = Starts(*[SandboxError("away")] * 3)
    with pytest.raises(SandboxError, match="away"):
        Pool([starts], 100).ask(JOB, 1)
    assert (waited, starts.started) == ([1.0, 2.0], 3)


def test_a_users_mistake_is_raised_at_once() -> None:
    starts = Starts(InputError("no image"))
    with pytest.raises(InputError, match="no image"):
        Pool([starts], 100).ask(JOB, 1)
    assert starts.started == 1


def test_a_failed_slot_is_free_again() -> None:
    pool = Pool([Starts(InputError("no image"), Line())], 100)
    with pytest.raises(InputError):
        pool.ask(JOB, 1)
    assert pool.busy == 0
    assert pool.ask(JOB, 1) == {"n": 1}


def test_a_supervisor_is_replaced_after_its_share_of_jobs() -> None:
    lines = [Line() for _ in range(3)]
    pool = Pool([Starts(*lines)], 2)
    for _ in range(5):
        pool.ask(JOB, 1)
    assert [line.closed for line in lines] == [1, 1, 0]


# -- sharing


def test_no_slot_has_two_jobs_at_once_and_all_slots_are_used() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def slow(job: dict[str, Any]) -> Any:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return echo(job)

    pool = Pool([Starts(Line(slow)) for _ in range(3)], 100)
    with ThreadPoolExecutor(8) as threads:
        assert [r["n"] for r in threads.map(lambda n: pool.ask(JOB | {"n": n}, 1), range(40))] == list(range(40))
    assert most == [3]


def test_while_one_has_the_pool_alone_nothing_else_runs() -> None:
    seen: list[int] = []

    def note(job: dict[str, Any]) -> Any:
        seen.append(job["n"])
        return echo(job)

    pool = Pool([Starts(Line(note)) for _ in range(2)], 100)
    with ThreadPoolExecutor(4) as threads:
        with pool.alone():
            others = [threads.submit(pool.ask, JOB | {"n": n}, 1) for n in (1, 2, 3)]
            time.sleep(0.05)
            pool.ask(JOB | {"n": 0}, 1)
            assert seen == [0]
        for other in others:
            other.result(timeout=10)
    assert sorted(seen) == [0, 1, 2, 3]


def test_alone_waits_for_what_runs() -> None:
    ended = threading.Event()

    def slow(job: dict[str, Any]) -> Any:
        time.sleep(0.1)
        ended.set()
        return echo(job)

    pool = Pool([Starts(Line(slow)) for _ in range(2)], 100)
    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(pool.ask, JOB, 1)
        while not pool.busy:
            time.sleep(0.001)
        with pool.alone():
            assert ended.is_set()
        job.result()


def test_who_is_interrupted_while_it_waits_to_be_alone_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool([Starts(Line())], 100)
    answers = iter([None, KeyboardInterrupt()])

    def wait_for(condition: Callable[[], bool]) -> bool:
        if isinstance(error := next(answers), BaseException):
            raise error
        return condition()

    with monkeypatch.context() as patched:
        patched.setattr(pool._change, "wait_for", wait_for)
        with pytest.raises(KeyboardInterrupt), pool.alone():
            pass
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(pool.ask, JOB, 1).result(timeout=10) == {"n": 1}


# -- closing


def test_a_closed_pool_takes_no_job_and_closes_twice() -> None:
    line, unused = Line(), Starts()
    pool = Pool([unused, Starts(line)], 100)
    pool.ask(JOB, 1)
    pool.close()
    pool.close()
    with pytest.raises(SandboxError, match="closed"):
        pool.ask(JOB, 1)
    assert (line.closed, unused.started) == (1, 0)


def test_who_waits_for_a_slot_is_told_when_the_pool_closes() -> None:
    go = threading.Event()

    def held(job: dict[str, Any]) -> Any:
        go.wait(10)
        return echo(job)

    pool = Pool([Starts(Line(held))], 100)
    with ThreadPoolExecutor(2) as threads:
        busy = threads.submit(pool.ask, JOB, 1)
        while not pool.busy:
            time.sleep(0.001)
        waiting = threads.submit(pool.ask, JOB, 1)
        time.sleep(0.02)
        pool.close()
        with pytest.raises(SandboxError, match="closed"):
            waiting.result(timeout=10)
        go.set()
        busy.result(timeout=10)


def test_a_slot_that_was_starting_when_the_pool_closed_is_ended() -> None:
    line = Line()
    starting, go = threading.Event(), threading.Event()

    def start() -> Channel:
        starting.set()
        go.wait(10)
        return line

    pool = Pool([start], 100)
    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(pool.ask, JOB, 1)
        starting.wait(10)
        pool.close()
        go.set()
        with pytest.raises(SandboxError, match="closed"):
            job.result(timeout=10)
    assert line.closed == 1


# -- what is kept


def test_a_command_is_looked_up_once() -> None:
    asked: list[Any] = []

    def which(job: dict[str, Any]) -> Any:
        asked.append(job)
        return {"which": {"node": "/usr/bin/node"}}

    pool = Pool([Starts(Line(which))], 100)
    assert [pool.offers("node", "/usr/bin") for _ in range(3)] == [True] * 3
    assert asked == [{"which": ["node"], "path": "/usr/bin"}]
