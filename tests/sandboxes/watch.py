"""Watches the host while hostile programs run: what must never be seen, and what must not be left behind.

A ``Watch`` opens a sandbox of one slot with a secret in the environment and another in a readable file, and listens
where no program may come through. ``faults`` says in plain words what is not as it was.
"""

import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rft.types import Limits, Sandbox

MARK = "rft-attack"
"""In the name of every file, socket, queue and device that an attack tries to leave behind."""
CANARY = "RFT_ATTACK_CANARY"
KEY = str(0x52465441)
"""The key of System V objects that attacks make."""
LIMITS = Limits(cpu_s=1, wall_s=2, memory_mib=192, output_kib=256, processes=24, disk_mib=8)
"""What hostile programs may use."""
SETTLE_S = 3.0
"""Time for killed processes to be gone; a test that has to wait for it all fails."""
PLACES = (
    "/",
    "/tmp",
    "/var/tmp",
    "/dev",
    "/dev/shm",
    "/dev/mqueue",
    "/run",
    "/run/lock",
    "/home",
    "/mnt",
    "/usr/bin",
    "/etc",
    "/etc/cron.d",
)
SWITCHES = ("core_pattern", "hostname", "domainname", "modprobe", "sysrq")


@dataclass(frozen=True)
class Watch:
    """A sandbox under observation."""

    sandbox: Sandbox
    backend: str
    secret: str
    """Stands in the environment of this process and in a file that anyone may read."""
    words: Mapping[str, str]
    """What the attacks' words between at-signs stand for."""
    listeners: tuple[socket.socket, ...]
    temporary: Path
    """Where this process makes temporary files while it watches."""
    before: dict[str, Any] = field(default_factory=dict)

    def settle(self) -> None:
        """Takes the present state as what must be found again."""
        self.before.update(look(self.temporary), processes=len(processes(self.backend)))

    def faults(self) -> list[str]:
        """What is not as it was, waiting a little for what is on its way out."""
        end = time.monotonic() + SETTLE_S
        while (found := self._faults()) and time.monotonic() < end:
            time.sleep(0.02)
        if found:
            self.settle()  # each fault is told once, beside the program that made it
        return found

    def _faults(self) -> list[str]:
        now = look(self.temporary)
        found = [
            f"{what}: {sorted(now[what] - self.before[what])} is new" for what in now if now[what] - self.before[what]
        ]
        running = processes(self.backend)
        if len(running) > self.before["processes"]:
            found.append(f"{len(running)} processes where {self.before['processes']} were: {running}")
        return found + [f"something came through to {one.getsockname()!r}" for one in self.listeners if _heard(one)]


@contextmanager
def watching(backend: str, image: str | None = None) -> Iterator[Watch]:
    """Opens a sandbox of a kind (``local``, or ``docker`` with an image) to be watched; closes it in the end."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="rft-watch-")))
        folder.chmod(0o755)
        secret = secrets.token_hex(16)
        (folder / f"{MARK}-secret").write_text(secret)
        (folder / f"{MARK}-secret").chmod(0o644)
        temporary = folder / "temporary"
        temporary.mkdir()
        closing.enter_context(_environment(temporary, secret))
        listeners = tuple(closing.enter_context(one) for one in _listeners())
        tcp, udp, abstract = (one.getsockname() for one in listeners)
        words = {
            "SECRET": str(folder / f"{MARK}-secret"),
            "TCP": str(tcp[1]),
            "UDP": str(udp[1]),
            "PID": str(os.getpid()),
        }
        words |= {"ABSTRACT": abstract[1:].decode(), "MARK": MARK, "MEMORY": str(LIMITS.memory_mib)}
        words |= {"PROCESSES": str(LIMITS.processes), "DISK": str(LIMITS.disk_mib)}
        sandbox = opened(backend, image)
        closing.callback(sandbox.close)
        yield Watch(sandbox, backend, secret, words, listeners, temporary)


def opened(backend: str, image: str | None = None) -> Sandbox:
    """A sandbox with a single slot, so that the next program runs where the last one ran."""
    if backend == "docker":
        from rft.sandboxes.docker.sandbox import DockerSandbox

        return DockerSandbox(slots=1, image=image)
    from rft.sandboxes.local.sandbox import LocalSandbox

    return LocalSandbox(slots=1)


def look(temporary: Path) -> dict[str, set[str]]:
    """The state of the host as far as an attack of ours could have changed it."""
    return {
        "files": {str(path) for place in (*PLACES, Path.cwd(), Path.home()) for path in _marked(Path(place))},
        "temporary files": {path.name for path in temporary.iterdir()},
        "ipc objects": {
            line
            for kind in ("shm", "msg", "sem")
            for line in _lines(f"/proc/sysvipc/{kind}")
            if KEY in line.split()[:1]
        },
        "sockets": {line for line in _lines("/proc/net/unix") if f"@{MARK}" in line}
        | {line for line in _lines("/proc/net/tcp") if ":BE7D " in line},
        "mounts": {
            line for line in _lines("/proc/self/mountinfo") if not {"docker", "containerd", "nsfs"} & set(_words(line))
        },
        "switches": {f"{name}={_lines(f'/proc/sys/kernel/{name}')}" for name in SWITCHES},
        "cgroups": {str(path) for path in _cgroups()},
    }


def processes(backend: str) -> list[str]:
    """Processes that a sandbox of this process keeps: what descends from us, or runs in our containers.

    A process of one of the sandbox's own users that descends from us no more is one too, since it got away.
    """
    table = {
        int(path.name): found for path in Path("/proc").iterdir() if path.name.isdigit() and (found := _process(path))
    }
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _, _) in table.items() if parent in ours} - ours:
        ours |= more
    users = {user for pid in ours for user in [table[pid][1]] if user != os.getuid()} if os.getpid() in table else set()
    ours |= {pid for pid, (_, user, _) in table.items() if user in users and user >= 0x5F000000}
    return sorted(f"{pid} {table[pid][2]}" for pid in ours - {os.getpid()} if pid in table) + (
        _contained() if backend == "docker" else []
    )


def _contained() -> list[str]:
    import docker

    client = docker.APIClient(version="auto", **docker.utils.kwargs_from_env())
    try:
        own = [
            c["Id"]
            for c in client.containers(filters={"label": "rft.owner"})
            if c["Labels"]["rft.owner"].startswith(f"{os.getpid()}.")
        ]
        return [" ".join(process[-1:]) for container in own for process in client.top(container)["Processes"]]
    finally:
        client.close()


def _process(path: Path) -> tuple[int, int, str] | None:
    """Parent, user and name of a process that still exists."""
    try:
        fields = (path / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return (
            int(fields[1]),
            path.stat().st_uid,
            (path / "comm").read_text(errors="replace").strip() + f" [{fields[0]}]",
        )
    except OSError:
        return None


def _listeners() -> Iterator[socket.socket]:
    tcp = socket.create_server(("0.0.0.0", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0rft-watch-{secrets.token_hex(8)}")
    abstract.listen()
    for one in (tcp, udp, abstract):
        one.setblocking(False)
        yield one


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            return MARK.encode() in listener.recv(1000)
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@contextmanager
def _environment(temporary: Path, secret: str) -> Iterator[None]:
    was, before = tempfile.tempdir, os.environ.get(CANARY, "")
    tempfile.tempdir = str(temporary)
    os.environ[CANARY] = secret
    try:
        yield
    finally:
        tempfile.tempdir = was
        os.environ[CANARY] = before


def _marked(place: Path) -> Iterator[Path]:
    try:
        yield from (place / name for name in os.listdir(place) if MARK in name)  # noqa: PTH208  names may be no text
    except OSError:
        return


def _cgroups() -> Iterator[Path]:
    for folder, folders, _ in os.walk("/sys/fs/cgroup"):
        yield from (Path(folder, name) for name in folders if MARK in name or f"rft-{os.getpid()}-" in name)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _words(line: str) -> list[str]:
    return line.replace("/", " ").replace("-", " ").split()
