"""An engine that goes away and comes back: programs wait for it, none is mislabelled, nothing is left behind.

A relay stands between sandbox and engine; when it is shut, all wires are cut, as they are when an engine is restarted.
"""

import gc
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rft.errors import SandboxError
from rft.sandboxes.docker import images
from rft.sandboxes.docker.leftovers import RUN
from rft.sandboxes.docker.sandbox import DockerSandbox
from rft.types import Limits, Program, Status

ENGINE = Path("/var/run/docker.sock")
SLEEPER = Program("import time; time.sleep(0.5); print('slept')")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not ENGINE.exists(), reason="the engine is not on this machine"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class Relay:
    """A unix socket whose every connection is one to the engine, until it is shut."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self._path = path
        self._wires: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,)).start()

    def shut(self) -> None:
        for wire in (self._listener, *self._wires):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
        self._wires = []

    def _accept(self, listener: socket.socket) -> None:
        with listener, suppress(OSError):
            while True:
                client, _ = listener.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(str(ENGINE))
                self._wires += [client, engine]
                threading.Thread(target=self._wire, args=(client, engine)).start()

    def _wire(self, client: socket.socket, engine: socket.socket) -> None:
        back = threading.Thread(target=_copy, args=(engine, client))
        back.start()
        _copy(client, engine)
        back.join()
        client.close()
        engine.close()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    relay = Relay(tmp_path / "docker.sock")
    yield relay
    relay.shut()
    gc.collect()  # the SDK leaves it a socket for every attempt to reach an engine that is away


def own(engine: Any, sandbox: DockerSandbox) -> set[str]:
    return {found["Id"] for found in engine.containers(all=True, filters={"label": f"{RUN}={sandbox.id}"})}


def gone(engine: Any, sandbox: DockerSandbox) -> bool:
    """Whether its containers have ended, or do so soon by themselves."""
    end = time.monotonic() + 20
    while own(engine, sandbox) and time.monotonic() < end:
        time.sleep(0.05)
    return own(engine, sandbox) == set()


def test_programs_wait_for_an_engine_that_is_restarted(engine: Any, image: images.Image, relay: Relay) -> None:
    sandbox = DockerSandbox(slots=2, image=image.tag, host=relay.address)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: sandbox.run(SLEEPER, Limits()), range(2)))
        first = own(engine, sandbox)
        answers = [threads.submit(sandbox.run, SLEEPER, Limits()) for _ in range(6)]
        time.sleep(0.8)
        relay.shut()
        time.sleep(2)
        relay.open()
        ended = [answer.result(timeout=60) for answer in answers]
    assert [(one.status, one.stdout) for one in ended] == [(Status.EXITED, "slept\n")] * 6
    assert set(own(engine, sandbox)).isdisjoint(first)
    sandbox.close()
    assert gone(engine, sandbox)


def test_a_sandbox_closes_while_its_engine_is_away_and_leaves_nothing(
    engine: Any, image: images.Image, relay: Relay
) -> None:
    sandbox = DockerSandbox(slots=1, image=image.tag, host=relay.address)
    sandbox.run(SLEEPER, Limits())
    with ThreadPoolExecutor(1) as threads:
        relay.shut()
        waiting = threads.submit(sandbox.run, SLEEPER, Limits())
        time.sleep(1)
        sandbox.close()
        with pytest.raises(SandboxError):
            waiting.result(timeout=60)
    assert gone(engine, sandbox)
