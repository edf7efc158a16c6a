"""Sandboxes of every backend, for tests that hold for all of them."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rft.errors import InputError
from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import connect
from rft.sandboxes.docker.sandbox import DockerSandbox
from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Sandbox
from tests.conftest import require_local
from tests.sandboxes.servers import Remote

BASE = os.environ.get("RFT_TEST_BASE", images.BASE)
"""A Debian base image with Python; the gate makes one without a registry."""
MakeSandbox = Callable[[], Sandbox]


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """A client of the machine's Docker engine."""
    engine = connect()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def image(engine: Any) -> images.Image:
    """The smaller image, with Python alone."""
    return images.build(engine, BASE, network="host")


@pytest.fixture(scope="session")
def languages_image() -> str:
    """The name of an image with all languages, built once."""
    engine = connect()
    try:
        return images.build(engine, BASE, languages=True, network="host").tag
    except InputError as error:
        if "docker" in os.environ.get("RFT_REQUIRE", ""):
            raise
        pytest.skip(f"the image cannot be built here: {error}")
    finally:
        engine.close()


@pytest.fixture(scope="module", params=["local", "http", pytest.param("docker", marks=pytest.mark.docker)])
def make_sandbox(request: pytest.FixtureRequest) -> MakeSandbox:
    """Makes sandboxes of a backend, with two slots."""
    if request.param == "docker":
        image = request.getfixturevalue("languages_image")
        return lambda: DockerSandbox(slots=2, image=image)
    require_local()
    if request.param == "http":
        return lambda: Remote(LocalSandbox(slots=2))
    return lambda: LocalSandbox(slots=2)


@pytest.fixture(scope="module")
def sandbox(make_sandbox: MakeSandbox) -> Iterator[Sandbox]:
    """One sandbox for many tests, as a run has."""
    made = make_sandbox()
    yield made
    made.close()
