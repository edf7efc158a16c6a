"""Docker containers: tied to their owner, replaced when in doubt, and gone afterwards."""

import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rft.errors import InputError, SandboxError
from rft.registry import build
from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import ContainerShape, configuration, remove
from rft.sandboxes.docker.leftovers import OWNER, RUN, owner, sweep
from rft.sandboxes.docker.sandbox import DockerSandbox
from rft.types import Limits, Program, Status
from tests.sandboxes.shots import another_owner

HELLO = Program("print('hello')")

pytestmark = pytest.mark.docker


@pytest.fixture
def sandbox(image: images.Image) -> Iterator[DockerSandbox]:
    sandbox = DockerSandbox(slots=1, image=image.tag)
    yield sandbox
    sandbox.close()


def config_of(engine: Any, image: images.Image, belongs_to: str) -> dict[str, Any]:
    shape = ContainerShape(image.tag, memory_mib=1024, cpus=1.0, processes=128)
    return configuration(shape, engine.info(), {OWNER: belongs_to, RUN: "test"})


def own(engine: Any, sandbox: DockerSandbox) -> set[str]:
    """The containers of a sandbox."""
    return {found["Id"] for found in engine.containers(all=True, filters={"label": f"{RUN}={sandbox.id}"})}


def ended_process() -> str:
    """The name of a process that is no more."""
    with subprocess.Popen(["sleep", "60"]) as process:
        name = owner(process.pid)
        process.kill()
    return name


# -- owners


def test_a_dead_owners_containers_are_swept_away_and_a_living_ones_stay(engine: Any, image: images.Image) -> None:
    dead = engine.create_container_from_config(config_of(engine, image, ended_process()))["Id"]
    living = engine.create_container_from_config(config_of(engine, image, owner()))["Id"]
    try:
        assert sweep(engine) >= 1
        left = {found["Id"] for found in engine.containers(all=True, filters={"label": OWNER})}
        assert living in left
        assert dead not in left
    finally:
        remove(engine, living)


def test_an_owner_that_cannot_be_looked_up_keeps_its_containers(engine: Any, image: images.Image) -> None:
    elsewhere = engine.create_container_from_config(config_of(engine, image, "1.2.3.another-machine"))["Id"]
    try:
        sweep(engine)
        assert engine.inspect_container(elsewhere)["State"]["Status"] == "created"
    finally:
        remove(engine, elsewhere)


def test_a_sandbox_starts_with_a_sweep(engine: Any, image: images.Image) -> None:
    dead = engine.create_container_from_config(config_of(engine, image, ended_process()))["Id"]
    DockerSandbox(slots=1, image=image.tag).close()
    assert dead not in {found["Id"] for found in engine.containers(all=True)}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_containers_of_a_killed_process_end_by_themselves(engine: Any, image: images.Image, number: int) -> None:
    program = (
        "from rft.sandboxes.docker.sandbox import DockerSandbox; from rft.types import *; import time\n"
        f"sandbox = DockerSandbox(slots=1, image={image.tag!r}); sandbox.run(Program('1'), Limits())\n"
        "print('up', flush=True); time.sleep(60)"
    )
    with another_owner(program) as process:
        name = owner(process.pid)
        assert len(engine.containers(filters={"label": f"{OWNER}={name}"})) == 1
        process.send_signal(number)
    end = time.monotonic() + 20
    while (left := engine.containers(all=True, filters={"label": f"{OWNER}={name}"})) and time.monotonic() < end:
        time.sleep(0.05)
    assert left == []


# -- slots


def test_a_container_serves_many_programs(engine: Any, sandbox: DockerSandbox) -> None:
    containers = set()
    for _ in range(5):
        assert sandbox.run(HELLO, Limits()).stdout == "hello\n"
        containers |= own(engine, sandbox)
    assert len(containers) == 1


def test_a_container_is_replaced_after_its_share_of_programs(engine: Any, image: images.Image) -> None:
    sandbox = DockerSandbox(slots=1, image=image.tag, recycle_after=3)
    containers = set()
    for _ in range(5):
        assert sandbox.run(HELLO, Limits()).stdout == "hello\n"
        containers |= own(engine, sandbox)
    sandbox.close()
    assert len(containers) == 2
    assert own(engine, sandbox) == set()


def test_a_container_that_was_killed_is_replaced_and_the_run_goes_on(engine: Any, sandbox: DockerSandbox) -> None:
    assert sandbox.run(HELLO, Limits()).stdout == "hello\n"
    for container in (before := own(engine, sandbox)):
        engine.kill(container)
    assert sandbox.run(HELLO, Limits()).stdout == "hello\n"
    assert own(engine, sandbox).isdisjoint(before)


def test_a_container_killed_under_a_program_costs_the_program_nothing(engine: Any, sandbox: DockerSandbox) -> None:
    sandbox.run(HELLO, Limits())
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(sandbox.run, Program("import time; time.sleep(1); print('slept')"), Limits())
        time.sleep(0.5)
        for container in own(engine, sandbox):
            engine.kill(container)
        assert answer.result().stdout == "slept\n"


def test_an_execution_names_backend_and_image(sandbox: DockerSandbox, image: images.Image) -> None:
    ended = sandbox.run(HELLO, Limits())
    assert (ended.status, ended.backend, ended.image) == (Status.EXITED, "docker", image.digest)


def test_closing_leaves_no_container_and_may_be_done_twice(engine: Any, image: images.Image) -> None:
    sandbox = DockerSandbox(slots=2, image=image.tag)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: sandbox.run(HELLO, Limits()), range(4)))
    sandbox.close()
    sandbox.close()
    assert own(engine, sandbox) == set()
    with pytest.raises(SandboxError):
        sandbox.run(HELLO, Limits())


def test_closing_ends_a_running_program(engine: Any, sandbox: DockerSandbox) -> None:
    sandbox.run(HELLO, Limits())
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(sandbox.run, Program("while True: pass"), Limits(cpu_s=60, wall_s=60))
        time.sleep(0.3)
        sandbox.close()
        with pytest.raises(SandboxError):
            answer.result(timeout=30)
    assert own(engine, sandbox) == set()


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.06, 0.1, 0.15, 0.2])
def test_closing_while_a_container_starts_leaves_none(engine: Any, sandbox: DockerSandbox, after_s: float) -> None:
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(sandbox.run, Program("while True: pass"), Limits(cpu_s=60, wall_s=60))
        time.sleep(after_s)
        sandbox.close()
        with pytest.raises(SandboxError):
            answer.result(timeout=30)
    assert own(engine, sandbox) == set()


# -- a user's mistakes


def test_a_dead_engine_gets_one_sentence() -> None:
    with pytest.raises(InputError, match=r"no Docker engine answers at tcp://127\.0\.0\.1:1 .*; start it") as caught:
        DockerSandbox(host="tcp://127.0.0.1:1")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"image": "rft-test-nowhere"}, "rft-test-nowhere is not here; build it: rft sandbox build"),
        ({"runtime": "nowhere"}, "the engine has no 'nowhere'; it has: "),
        ({"slots": -1}, "option 'slots': must be at least 0; seen: -1"),
        ({"memory": 5}, "unknown option 'memory' of sandbox 'docker'; did you mean 'memory_mib'?"),
    ],
)
def test_a_wrong_option_gets_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("?", r"\?")):
        build("sandbox", "docker", DockerSandbox, options)


def test_limits_that_a_container_has_no_room_for_are_refused(sandbox: DockerSandbox) -> None:
    with pytest.raises(InputError, match="option 'memory_mib': 2048 is too little for these limits"):
        sandbox.run(HELLO, Limits(memory_mib=4096))
