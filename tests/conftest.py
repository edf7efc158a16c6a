"""Shared fixtures. A part that is missing on a laptop is skipped with its reason; ``RFT_REQUIRE`` makes it an error.

``RFT_REQUIRE="vllm train docker"`` is what the gate sets: there nothing that needs one of these may be skipped.
"""

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from rft.api.verdicts import close_kept
from rft.errors import InputError
from rft.models import embedded
from rft.sandboxes.languages import LANGUAGES
from rft.sandboxes.local import installed
from rft.sandboxes.local.launched import isolation_fault
from rft.sandboxes.local.sandbox import LocalSandbox

NEEDS = {"vllm": "vllm", "train": "trl"}
REQUIRED = os.environ.get("RFT_REQUIRE", "").split()


def pytest_configure() -> None:
    """Undoes what a shell does to a command in its background: there SIGINT is ignored, also in all that is started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(marker: str) -> str | None:
    """Why tests with a marker cannot run here, or None."""
    if marker in NEEDS and find_spec(NEEDS[marker]) is None:
        return f"{NEEDS[marker]} is not installed (make setup)"
    if marker == "docker":
        return _docker_fault()
    if marker == "gpu" and not Path("/dev/nvidiactl").exists():
        return "no NVIDIA GPU here"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("vllm", "train", "docker", "gpu"):
        if item.get_closest_marker(marker) and (why := missing(marker)):
            if marker in REQUIRED:
                pytest.fail(f"{marker} is required here, but {why}")
            pytest.skip(why)


@pytest.fixture(scope="module", autouse=True)
def nothing_kept() -> Iterator[None]:
    """What ``rft.verify`` keeps for the next call ends with the module: others look whether any sandbox is left."""
    yield
    close_kept()


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The folder of the embedded SmolLM2-135M-Instruct."""
    try:
        return embedded("smollm2-135m")
    except InputError as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def local() -> Iterator[LocalSandbox]:
    """A local sandbox with two slots."""
    require_local()
    sandbox = LocalSandbox(slots=2)
    yield sandbox
    sandbox.close()


def require_local() -> None:
    """Skips where the kernel lets nobody make namespaces, in many a container for instance; never in the gate."""
    fault = isolation_fault()
    if fault is not None:
        why = f"no local sandbox here: {fault}"
        pytest.fail(why) if "local" in REQUIRED else pytest.skip(why)


def require_language(language: str) -> None:
    """Skips where a language is not installed; in the gate only Rust may be missing."""
    if installed.command(LANGUAGES[language]) is None:
        missing = f"{language} is not installed"
        pytest.fail(missing) if "languages" in REQUIRED and language != "rust" else pytest.skip(missing)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """A folder of real, labelled data beside the checkout, named by ``RFT_DATA``."""
    folder = os.environ.get("RFT_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RFT_DATA names no folder of labelled data")
    return Path(folder)


def _docker_fault() -> str | None:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
    except DockerException as error:
        return f"no Docker daemon answers: {error}"
    client.close()
    return None
