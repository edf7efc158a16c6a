"""Endpoints rest after faults, are tried by a single call, and an outage is waited out only so long."""

import pytest

from rft.errors import SandboxError
from rft.sandboxes.http.endpoints import FAULTS_TO_REST, REST_S, BusyError, Endpoint, EndpointError, Endpoints


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def anyone(endpoint: Endpoint) -> bool:
    return True


def fail(endpoints: Endpoints, times: int = FAULTS_TO_REST, counts: bool = True) -> None:
    for _ in range(times):
        with pytest.raises(EndpointError), endpoints.one(anyone):
            raise EndpointError("reset", counts)


def test_it_rests_after_so_many_faults_in_a_row_and_is_then_tried() -> None:
    clock = Clock()
    endpoints = Endpoints([Endpoint("a", 4)], patience_s=1.0, clock=clock)
    fail(endpoints)
    with (
        pytest.raises(SandboxError, match=r"no sandbox server is left to ask: a \(5 faults in a row\)"),
        endpoints.one(anyone),
    ):
        pass
    clock.now += REST_S
    with endpoints.one(anyone) as endpoint:
        assert endpoint.room == 0  # one call is the trial
    assert endpoint.room == 4


def test_a_trial_that_fails_doubles_the_rest() -> None:
    clock = Clock()
    endpoints = Endpoints([Endpoint("a", 4)], clock=clock)
    fail(endpoints)
    clock.now += REST_S
    fail(endpoints, 1)
    assert endpoints.all[0].rests_until == clock.now + 2 * REST_S


def test_calls_under_way_do_not_lengthen_the_rest() -> None:
    clock = Clock()
    endpoints = Endpoints([Endpoint("a", 40)], clock=clock)
    calls = [endpoints.one(anyone) for _ in range(40)]
    for call in calls:
        call.__enter__()
    for call in calls:
        fault = EndpointError("reset")
        call.__exit__(EndpointError, fault, None)
    assert endpoints.all[0].rests_until == clock.now + REST_S


@pytest.mark.parametrize("counts", [True, False])
def test_one_success_clears_the_record(counts: bool) -> None:
    endpoints = Endpoints([Endpoint("a", 1)], clock=Clock())
    for _ in range(3):
        fail(endpoints, FAULTS_TO_REST - 1)
        if counts:
            with endpoints.one(anyone):
                pass
        else:
            fail(endpoints, 1, counts=False)
    assert endpoints.all[0].rests == 0


def test_being_busy_says_nothing() -> None:
    endpoints = Endpoints([Endpoint("a", 1)], clock=Clock())
    fail(endpoints, FAULTS_TO_REST - 1)
    with pytest.raises(BusyError), endpoints.one(anyone):
        raise BusyError("later", 1.0)
    fail(endpoints, 1)
    assert endpoints.all[0].rests == 1


def test_the_least_busy_is_chosen_and_the_avoided_one_last() -> None:
    a, b, c = endpoints = [Endpoint("a", 2), Endpoint("b", 2), Endpoint("c", 8)]
    pool = Endpoints(endpoints)
    with pool.one(anyone, avoid=a) as first, pool.one(anyone, avoid=a) as second, pool.one(anyone, avoid=a) as third:
        assert [first, second, third] == [b, c, c]


def test_nobody_who_can_is_an_error_at_once() -> None:
    with pytest.raises(SandboxError, match="none can do this"), Endpoints([Endpoint("a", 1)]).one(lambda e: e.exams):
        pass
