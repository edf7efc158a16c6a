"""Faults injected into containers and into a real engine: none is mislabelled, nothing stays, the run goes on."""

import gc
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.sandboxes import pool as pools
from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import connect
from rft.sandboxes.docker.leftovers import OWNER, RUN, owner
from rft.sandboxes.docker.sandbox import DockerSandbox
from rft.types import Limits, Program
from tests.sandboxes.shots import RIGHT, WRONG, Sniper, another_owner, verdict, within

SPIN = "import time\nwhile time.process_time() < 0.5: pass\n"

pytestmark = [pytest.mark.docker, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def sandbox(image: images.Image, engine: Any) -> Iterator[DockerSandbox]:
    sandbox = DockerSandbox(slots=1, image=image.tag)
    assert verdict(sandbox, RIGHT) is True
    yield sandbox
    sandbox.close()
    assert own(engine, sandbox) == []


def own(engine: Any, sandbox: DockerSandbox) -> list[str]:
    return [found["Id"] for found in engine.containers(all=True, filters={"label": f"{RUN}={sandbox.id}"})]


def test_time_in_which_a_container_was_paused_does_not_count(engine: Any, sandbox: DockerSandbox) -> None:
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(verdict, sandbox, Program(SPIN + RIGHT.source), Limits(wall_s=2))
        time.sleep(0.2)
        (container,) = own(engine, sandbox)
        engine.pause(container)
        time.sleep(4)
        engine.unpause(container)
        assert answer.result() is True
    assert own(engine, sandbox) == [container]


def test_a_container_that_stays_paused_is_replaced(
    engine: Any, sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "GRACE_S", 0.0)  # three times the wall limit are left
    (container,) = own(engine, sandbox)
    engine.pause(container)
    assert verdict(sandbox, RIGHT, Limits(wall_s=1)) is True
    assert container not in own(engine, sandbox)


def test_containers_killed_at_random_mislabel_no_candidate(engine: Any, image: images.Image) -> None:
    sandbox = DockerSandbox(slots=2, image=image.tag)

    def kill() -> list[int]:
        if found := own(engine, sandbox):
            subprocess.run(["docker", "kill", random.choice(found)], capture_output=True)
        return [0] if found else []

    def judge(number: int) -> bool | None:
        passes = verdict(sandbox, WRONG if number % 3 == 0 else RIGHT)
        sniper.count()
        return passes is None or passes is (number % 3 != 0)

    with Sniper(kill, every=20, seed=6, fire=lambda _: None) as sniper, ThreadPoolExecutor(4) as threads:
        assert all(threads.map(judge, range(100)))
    sandbox.close()
    assert own(engine, sandbox) == []
    assert sniper.shots >= 3


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_container_of_a_killed_owner_ends_in_the_midst_of_a_job(
    engine: Any, image: images.Image, number: int
) -> None:
    program = (
        "from rft.sandboxes.docker.sandbox import DockerSandbox; from rft.types import *\n"
        f"sandbox = DockerSandbox(slots=1, image={image.tag!r}); sandbox.run(Program('1'), Limits()); "
        "print('up', flush=True); sandbox.run(Program('import time; time.sleep(50)'), Limits(wall_s=60))"
    )
    with another_owner(program) as process:
        label = f"{OWNER}={owner(process.pid)}"
        assert len(engine.containers(filters={"label": label})) == 1
        time.sleep(0.3)
        process.send_signal(number)
    assert within(lambda: engine.containers(all=True, filters={"label": label}) == [])


# -- an engine of our own, that can be stopped


class Engine:
    """A Docker engine beside the machine's own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._folder = folder

    def start(self) -> None:
        places = [f"--{name}={self._folder}/{name}" for name in ("data-root", "exec-root", "pidfile")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # in a network of its own: without a bridge of its own it would remove the machine's docker0
                ["unshare", "--net", "dockerd", *places, "-H", self.address, "--bridge=none", "--iptables=false"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not within(self._answers, 30):
            self.stop()
            pytest.skip(f"no second Docker engine can be had here; {self._folder}/log says why")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answers(self) -> bool:
        try:
            connect(self.address).close()
        except InputError:
            return False
        return True


@pytest.fixture(scope="module")
def second(engine: Any, image: images.Image) -> Iterator[Engine]:
    """A running engine of our own that has the image."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("a second Docker engine takes root and dockerd")
    folder = Path(tempfile.mkdtemp(prefix="rft-dockerd-"))  # a socket's path must be short
    made = Engine(folder)
    made.start()
    client = connect(made.address)
    client.load_image(b"".join(engine.get_image(image.tag)))
    client.close()
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)
    gc.collect()  # the SDK leaves it a socket for every attempt to reach an engine that is away


def test_an_engine_that_is_stopped_and_started_in_a_stream_of_verdicts_costs_none(
    second: Engine, image: images.Image
) -> None:
    sandbox = DockerSandbox(slots=2, image=image.tag, host=second.address)
    done: list[int] = []

    def judge(number: int) -> tuple[bool | None, bool]:
        passes = verdict(sandbox, WRONG if number % 3 == 0 else RIGHT)
        done.append(number)
        return passes, number % 3 != 0

    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(judge, number) for number in range(60)]
        try:
            assert within(lambda: len(done) >= 20, 20)
            second.stop()
            time.sleep(0.5)
            second.start()
            told = [answer.result(timeout=60) for answer in answers]
        finally:
            sandbox.close()
    assert [passes for passes, _ in told] == [truth for _, truth in told]
    client = connect(second.address)
    assert within(lambda: client.containers(all=True) == [])
    client.close()
