"""A container is hardened: as the engine says, and as a program sees it that only the container still holds."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import Container, ContainerShape, configuration
from rft.sandboxes.docker.leftovers import OWNER, RUN, owner

pytestmark = pytest.mark.docker


def config_of(engine: Any, image: images.Image) -> dict[str, Any]:
    shape = ContainerShape(image.tag, memory_mib=1024, cpus=1.0, processes=128)
    return configuration(shape, engine.info(), {OWNER: owner(), RUN: "test"})


HARDENED = {
    "Config.User": "65534:65534",
    "Config.Tty": False,
    "Config.StdinOnce": True,
    "HostConfig.NetworkMode": "none",
    "HostConfig.IpcMode": "private",
    "HostConfig.ReadonlyRootfs": True,
    "HostConfig.CapDrop": ["ALL"],
    "HostConfig.CapAdd": None,
    "HostConfig.Privileged": False,
    "HostConfig.Binds": None,
    "HostConfig.Devices": None,
    "HostConfig.PidMode": "",
    "HostConfig.Memory": 1024 << 20,
    "HostConfig.MemorySwap": 1024 << 20,
    "HostConfig.PidsLimit": 128,
    "HostConfig.NanoCpus": 10**9,
    "HostConfig.Init": True,
    "HostConfig.AutoRemove": True,
    "HostConfig.LogConfig": {"Type": "none", "Config": {}},
    "HostConfig.Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777"},
    "Mounts": [],
}


@pytest.fixture(scope="module")
def inspected(engine: Any, image: images.Image) -> Iterator[dict[str, Any]]:
    container = Container(engine, config_of(engine, image))
    yield engine.inspect_container(container.id)
    container.close()


@pytest.mark.parametrize("path", HARDENED)
def test_the_engine_says_that_a_container_is_hardened(inspected: dict[str, Any], path: str) -> None:
    found: Any = inspected
    for key in path.split("."):
        found = found[key]
    assert (found or HARDENED[path]) == HARDENED[path] if HARDENED[path] in (None, []) else found == HARDENED[path]


def test_the_engine_has_the_seccomp_profile_and_no_new_privileges(inspected: dict[str, Any]) -> None:
    options = inspected["HostConfig"]["SecurityOpt"]
    assert "no-new-privileges" in options
    profile = next(json.loads(text.removeprefix("seccomp=")) for text in options if text.startswith("seccomp="))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"


PROBE = """
import ctypes, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def refused(number):
    return libc.syscall(number, -1, -1, -1, -1, -1) == -1 and ctypes.get_errno() == 1
def family(number, protocol=0):
    try:
        socket.socket(number, socket.SOCK_RAW if number == 16 else socket.SOCK_STREAM, protocol).close()
        return True
    except OSError as error:
        return error.errno
def written(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
calls = {"ptrace": 101, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250,
    "add_key": 248, "init_module": 175, "kexec_load": 246, "open_by_handle_at": 304, "process_vm_readv": 310,
    "fsopen": 430, "move_mount": 429, "quotactl": 179, "syslog": 103, "swapon": 167, "settimeofday": 164, "mbind": 237}
print(json.dumps({
    "uid": os.getuid(), "caps": [status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")],
    "locked": [status["NoNewPrivs"], status["Seccomp"]],
    "allowed": [name for name in calls if not refused(calls[name])],
    "interfaces": [name for _, name in socket.if_nameindex()],
    "families": {"vsock": family(40), "alg": family(38), "packet": family(17), "netfilter": family(16, 12),
        "routes": family(16, 0)},
    "written": [path for path in ("/x", "/opt/rft/x", "/etc/passwd", "/usr/x", "/var/tmp/x", "/sys/x",
        "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/fs/cgroup/memory/x") if written(path)],
}))
"""


@pytest.fixture(scope="module")
def seen(engine: Any, image: images.Image) -> Iterator[dict[str, Any]]:
    """What a program sees that broke out of the supervisor, but not of the container."""
    container = Container(engine, config_of(engine, image) | {"Entrypoint": ["python3", "-I", "-c", PROBE], "Cmd": []})
    output = b""
    while chunk := container.recv(4096):
        output += chunk
    assert output, container.said()
    yield json.loads(output)
    container.close()


def test_inside_a_container_there_is_no_privilege(seen: dict[str, Any]) -> None:
    assert (seen["uid"], set(seen["caps"]), seen["locked"]) == (65534, {"0" * 16}, ["1", "2"])


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the probe's numbers are x86_64's")
def test_inside_a_container_dangerous_system_calls_are_refused(seen: dict[str, Any]) -> None:
    assert seen["allowed"] == []


def test_inside_a_container_there_is_no_network_and_no_odd_socket(seen: dict[str, Any]) -> None:
    assert seen["interfaces"] == ["lo"]
    assert seen["families"] == {"vsock": 1, "alg": 1, "packet": 1, "netfilter": 1, "routes": True}


def test_inside_a_container_nothing_can_be_written_but_its_own_memory(seen: dict[str, Any]) -> None:
    assert seen["written"] == []
