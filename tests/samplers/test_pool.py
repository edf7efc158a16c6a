import itertools
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rft.errors import EngineError, InputError
from rft.samplers.vllm.engine import Engine, Event
from rft.samplers.vllm.pool import EngineJob, EngineLimits, ReplicaPool
from rft.types import Request, SamplingParams
from tests.samplers.processes import alive, children, gone_within

SCRIPT = Path(__file__).with_name("scripted_engine.py")
ROOT = Path(__file__).parents[2]

Make = Callable[..., ReplicaPool]


def requests(n_problems: int, n: int = 4) -> Iterator[Request]:
    for number in range(n_problems):
        yield Request(f"p{number}", "hello", 0, tuple(range(n)), tuple(range(100, 100 + n)), SamplingParams())


def keys(n_problems: int, n: int = 4) -> list[tuple[str, int]]:
    return sorted((f"p{number}", index) for number in range(n_problems) for index in range(n))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a pool of scripted engines; the lives of engines get these settings in turn, the last ones for good."""
    pools = []

    def make(*lives: dict[str, Any], replicas: int = 1, **limits: Any) -> ReplicaPool:
        started = itertools.count()

        def launch(replica: int, job: EngineJob, events: "queue.SimpleQueue[Event]") -> Engine:
            settings = lives[min(next(started), len(lives) - 1)]
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            return Engine([sys.executable, str(SCRIPT)], environment, settings, tmp_path / "engine.log", events)

        allowed = {"max_in_flight": None, "max_restarts": 2, "stall_s": None, "start_timeout_s": 60.0} | limits
        pools.append(ReplicaPool(launch, replicas, "scripted", EngineLimits(**allowed)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def drawn(pool: ReplicaPool, n_problems: int) -> list[tuple[str, int]]:
    return [(sample.problem_id, sample.index) for sample in pool.draw(requests(n_problems))]


@pytest.mark.parametrize("replicas", [1, 2])
def test_every_sample_comes_once_with_what_was_asked(make: Make, replicas: int) -> None:
    samples = list(make({}, replicas=replicas).draw(requests(20)))
    assert sorted((s.problem_id, s.index) for s in samples) == keys(20)
    assert all(s.seed == 100 + s.index and s.engine == "scripted" and s.text == "ok" for s in samples)


def test_several_engines_share_the_work(make: Make) -> None:
    pool = make({"pause_s": 0.01}, replicas=2)
    assert len(drawn(pool, 20)) == 80
    answered = {slot.engine.pid for slot in pool._replicas}
    assert len(answered) == 2


def test_requests_are_taken_a_bounded_number_ahead(make: Make) -> None:
    taken = []

    def watched() -> Iterator[Request]:
        for request in requests(50):
            taken.append(request)
            yield request

    for n_out, _ in enumerate(make({"pause_s": 0.001}, max_in_flight=6).draw(watched())):
        assert 4 * len(taken) <= n_out + 1 + 6 + 4


def test_what_an_engine_had_in_flight_when_it_died_is_drawn_again(make: Make) -> None:
    assert sorted(drawn(make({"die_after": 3}), 3)) == keys(3)


def test_an_engine_killed_from_outside_is_replaced(make: Make) -> None:
    pool = make({"pause_s": 0.02})
    got = []
    for sample in pool.draw(requests(10)):
        got.append((sample.problem_id, sample.index))
        if len(got) == 5:
            os.kill(pool._replicas[0].engine.pid, signal.SIGKILL)
    assert sorted(got) == keys(10)


def test_an_engine_that_never_finishes_a_sample_is_given_up_with_its_last_error(make: Make) -> None:
    with pytest.raises(EngineError, match=r"died 3 times in a row.*out of memory"):
        drawn(make({"die_after": 0}), 1)


def test_a_model_that_cannot_be_loaded_is_not_tried_again(make: Make) -> None:
    with pytest.raises(EngineError, match=r"could not load the model; its last error: RuntimeError: no such layer"):
        drawn(make({"load_error": "no such layer"}, {}), 1)


def test_an_engine_that_hangs_is_replaced(make: Make) -> None:
    assert sorted(drawn(make({"hang_after": 2}, {}, stall_s=1.0), 2)) == keys(2)


def test_an_engine_that_starts_too_slowly_is_given_up(make: Make) -> None:
    with pytest.raises(EngineError, match=r"did not load the model within 0\.3 s"):
        drawn(make({"load_s": 60}, start_timeout_s=0.3), 1)


def test_a_slow_consumer_is_not_taken_for_a_hung_engine(make: Make) -> None:
    pool = make({"pause_s": 0.3}, {"die_after": 0}, stall_s=1.0, max_in_flight=2)
    for n_out, _ in enumerate(pool.draw(requests(1))):  # a second life would end in an error
        time.sleep(2.0 if n_out == 0 else 0)


def test_what_was_finished_is_handed_out_before_a_refusal_is_raised(make: Make) -> None:
    long = Request("long", "too long", 0, (0,), (0,), SamplingParams())
    got = []
    with pytest.raises(InputError, match="problem long does not fit"):
        for sample in make({"capacity": 50}).draw(itertools.chain(requests(5), [long])):
            got.append((sample.problem_id, sample.index))
    assert sorted(got) == keys(5)


def test_a_stream_that_is_given_up_leaves_nothing_for_the_next(make: Make) -> None:
    pool = make({"pause_s": 0.01})
    stream = pool.draw(requests(10))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert sorted(drawn(pool, 3)) == keys(3)


def test_no_engine_is_started_for_no_requests(make: Make) -> None:
    pool = make({})
    assert list(pool.draw([])) == []
    assert not pool._replicas


def test_a_pool_closed_from_another_thread_ends_the_stream(make: Make) -> None:
    pool = make({"pause_s": 0.05})
    with pytest.raises(EngineError, match="was closed with"):
        for n_out, _ in enumerate(pool.draw(requests(100))):
            if n_out == 3:
                threading.Thread(target=pool.close).start()


@pytest.mark.parametrize("how", ["close", "watcher", "engine"])
def test_no_process_is_left(make: Make, how: str) -> None:
    pool = make({"offspring": True, "pause_s": 0.05})
    stream = pool.draw(requests(10))
    next(stream)
    watcher = pool._replicas[0].engine.pid
    assert sum("sleep" in name for name in alive(watcher)) == 1
    if how == "watcher":
        os.kill(watcher, signal.SIGKILL)
        next(stream)  # until the pool has seen it
        list(stream)
    elif how == "engine":
        os.kill(children(watcher)[0], signal.SIGKILL)
    else:
        pool.close()
    assert gone_within(watcher, 8.0)
