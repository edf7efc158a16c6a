"""Containers: how one is configured, started, spoken to and removed.

What the engine is asked to enforce is all in ``configuration``. A container is tied to its owner twice: its standard
input closes with our end of the stream (however this process died), upon which the supervisor ends and the engine
removes it; and its labels name the owning process, for ``rft.sandboxes.docker.leftovers``.
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rft.errors import InputError, SandboxError
from rft.sandboxes.docker.image.seccomp import profile
from rft.sandboxes.inside.child.confine import ANYWHERE, ISOLATED

USER = "65534:65534"
STREAM = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
SCRATCH_MIB = 16
"""Of the container's own /tmp and /dev/shm, which only the supervisor sees; candidates have folders of their own."""
ENGINE_TIMEOUT_S = 60


def connect(address: str | None = None) -> Any:
    """Returns a low-level client of the Docker engine at an address, by default where the environment says.

    Raises:
        InputError: none answers, or it runs no Linux containers.
    """
    import docker
    from docker.errors import DockerException

    where = {"base_url": address} if address else docker.utils.kwargs_from_env()
    place = where.get("base_url") or "/var/run/docker.sock"
    try:
        engine = docker.APIClient(version="auto", timeout=ENGINE_TIMEOUT_S, **where)
    except (DockerException, OSError) as error:
        raise InputError(
            f"no Docker engine answers at {place} ({last_line(error)}); "
            "start it, or set DOCKER_HOST, or take the local sandbox"
        ) from error
    kind = engine.info().get("OSType", "linux")
    if kind != "linux":
        engine.close()
        raise InputError(f"the Docker engine at {place} runs {kind} containers; the sandbox needs linux")
    return engine


@dataclass(frozen=True, slots=True)
class ContainerShape:
    """What a container may use, for all that runs in it."""

    image: str
    memory_mib: int
    cpus: float
    processes: int
    runtime: str | None = None
    """An OCI runtime that the engine knows, e.g. ``runsc``."""


def configuration(
    shape: ContainerShape, engine: dict[str, Any], labels: dict[str, str], slot: str = ANYWHERE
) -> dict[str, Any]:
    """Returns what the engine's API takes to create a container.

    Args:
        shape: what it may use.
        engine: what the engine says of itself (``info``).
        labels: by which it is known.
        slot: which of how many containers it is (see ``rft.sandboxes.inside.supervisor.supervisor``).
    """
    memory = shape.memory_mib << 20
    tmpfs = f"rw,noexec,nosuid,nodev,size={SCRATCH_MIB}m,mode=1777"
    host: dict[str, Any] = {
        "NetworkMode": "none",
        "IpcMode": "private",
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": tmpfs},
        "ShmSize": SCRATCH_MIB << 20,
        "CapDrop": ["ALL"],
        "SecurityOpt": _security(engine),
        # A candidate gets a /proc of its own, which the kernel allows only where no part of the container's is hidden.
        # We are not root and have no capability, so nothing in it can be written.
        "MaskedPaths": [],
        "ReadonlyPaths": [],
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": shape.processes,
        "NanoCpus": int(min(shape.cpus, engine.get("NCPU") or shape.cpus) * 1e9),
        "OomScoreAdj": 500,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "Init": True,
        "LogConfig": {"Type": "none"},
        "AutoRemove": True,
    }
    if shape.runtime:
        host["Runtime"] = shape.runtime
    streams = dict.fromkeys(("OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"), True)
    return {
        "Image": shape.image,
        "Cmd": ["{}", ISOLATED, slot],
        "User": USER,
        "Hostname": "sandbox",
        "NetworkDisabled": True,
        "Tty": False,
        "Labels": labels,
        "HostConfig": host,
        **streams,
    }


def _security(engine: dict[str, Any]) -> list[str]:
    options = ["no-new-privileges", f"seccomp={json.dumps(profile())}"]
    known = " ".join(engine.get("SecurityOptions") or [])
    # Their stock profiles refuse every mount, also in a namespace of one's own.
    if "name=apparmor" in known:
        options.append("apparmor=unconfined")
    if "name=selinux" in known:
        options.append("label=disable")
    return options


class Container:
    """A running container and the byte stream to the process in it."""

    def __init__(self, engine: Any, config: dict[str, Any]) -> None:
        """Creates and starts it.

        Raises:
            SandboxError: the engine refused, failed or is away; nothing is left of the container.
            InputError: the image is gone.
        """
        from docker.errors import DockerException, ImageNotFound

        self._engine = engine
        self._frames = Frames()
        self._in_use = threading.Lock()
        self.id = ""
        try:
            self.id = str(engine.create_container_from_config(config)["Id"])
            self._attached = engine.attach_socket(self.id, STREAM)
            self._socket = getattr(self._attached, "_sock", self._attached)
            self._socket.settimeout(None)
            engine.start(self.id)
        except ImageNotFound as error:
            raise InputError(f"the sandbox image is gone ({last_line(error)}); build it: rft sandbox build") from error
        except (DockerException, OSError) as error:
            self.close()
            raise SandboxError(f"a container could not be started: {last_line(error)}") from error

    def send(self, data: bytes) -> None:
        """Sends all of ``data``; OSError when the stream is broken."""
        with self._in_use:
            self._socket.sendall(data)

    def recv(self, n: int) -> bytes:
        """Returns 1 to n bytes of its standard output, none at the end; OSError when the stream is broken."""
        while not (data := self._frames.take(n)):
            with self._in_use:
                chunk = self._socket.recv(1 << 16)
            if not chunk:
                return b""
            self._frames.feed(chunk)
        return data

    def settimeout(self, seconds: float | None) -> None:
        """How long ``send`` and ``recv`` may wait for the engine."""
        self._socket.settimeout(seconds)

    def bound(self, limits: Mapping[str, Any]) -> bool:
        """False: the engine's limits are the container's, set once; the supervisor watches over single programs."""
        return False

    def said(self) -> str:
        """The end of its standard error, for messages."""
        return self._frames.stderr()

    def close(self) -> None:
        """Removes it with all that runs in it; a waiting ``recv`` wakes. Safe to call twice, and from any thread."""
        attached, self._attached = getattr(self, "_attached", None), None
        if attached is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            # a descriptor that is closed under a waiting thread may be another's when it looks again
            with self._in_use:
                if response := getattr(attached, "_response", None):
                    response.close()
                attached.close()
                self._socket.close()
        if self.id:
            remove(self._engine, self.id)


class Frames:
    """Takes Docker's multiplexed stream apart: eight bytes (kind, three zeros, length), then as many bytes.

    Source: the engine's API, ``/containers/{id}/attach``, "Stream format".
    """

    def __init__(self) -> None:
        self._raw = bytearray()
        self._out = bytearray()
        self._err: deque[int] = deque(maxlen=2000)

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes; OSError when they are not such a stream."""
        self._raw += chunk
        while len(self._raw) >= 8:
            kind, length = self._raw[0], int.from_bytes(self._raw[4:8], "big")
            if kind > 3 or any(self._raw[1:4]):
                raise OSError("the engine sent something that is not a container's stream")
            if len(self._raw) < 8 + length:
                return
            body = self._raw[8 : 8 + length]
            del self._raw[: 8 + length]
            if kind < 2:
                self._out += body
            else:  # 3 is the engine's own complaint
                self._err.extend(body)

    def take(self, n: int) -> bytes:
        """Returns at most n bytes of the standard output that has come."""
        data = bytes(self._out[:n])
        del self._out[:n]
        return data

    def stderr(self) -> str:
        """The last of the standard error."""
        return bytes(self._err).decode("utf-8", "replace").strip()


def remove(engine: Any, container: str) -> None:
    """Kills a container and waits until it is gone, with its volumes; does nothing when it, or the engine, is gone."""
    from docker.errors import DockerException

    with suppress(DockerException, OSError):
        try:
            engine.remove_container(container, force=True, v=True)
        except DockerException:  # the engine is removing it already, since it ended
            engine.wait(container, condition="removed", timeout=ENGINE_TIMEOUT_S)


def last_line(error: BaseException) -> str:
    """The last and most telling part of what the SDK says."""
    text = str(getattr(error, "explanation", None) or error)
    return text.strip().splitlines()[-1][-300:] if text.strip() else type(error).__name__
