"""The runtime image builds on any base with Python and runs without a network."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASE = os.environ.get("RFT_TEST_BASE", "python:3.11-slim")

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    tag = "rft-test-image"
    build = ["docker", "build", "--network", "host", "--build-arg", f"BASE={BASE}", "-t", tag, str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True)
    if built.returncode and "docker" not in os.environ.get("RFT_REQUIRE", ""):
        pytest.skip(f"the image cannot be built on {BASE} here: {built.stderr.strip()[-200:]}")
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    yield tag
    subprocess.run(["docker", "image", "rm", "--force", tag], capture_output=True, check=True)


def in_image(image: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "run", "--rm", "--network", "none", image, *arguments], capture_output=True, text=True
    )


def test_the_image_answers_and_runs_as_an_ordinary_user(image: str) -> None:
    assert "Rejection sampling fine-tuning" in in_image(image, "--help").stdout
    who = ["docker", "run", "--rm", "--entrypoint", "id", image, "-u"]
    assert subprocess.run(who, capture_output=True, text=True, check=True).stdout == "1000\n"


def test_the_image_proves_a_task_with_its_checker_processes(image: str) -> None:
    checked = in_image(image, "check", "gsm8k", "--limit", "50")
    assert checked.returncode == 0, checked.stdout + checked.stderr
