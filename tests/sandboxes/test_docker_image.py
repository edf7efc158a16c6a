"""The sandbox image: built on any base with Python, never mistaken for another version's, refused in one sentence."""

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from rft.errors import InputError
from rft.sandboxes.docker import images
from rft.sandboxes.docker.containers import remove
from rft.sandboxes.docker.leftovers import OWNER, owner
from tests.sandboxes.conftest import BASE

TAG = "rft-test-odd-image"


@pytest.fixture
def derived(engine: Any, image: images.Image) -> Iterator[Any]:
    """Makes an image out of ours with one more instruction."""

    def make(instruction: str) -> str:
        file = io.BytesIO(f"FROM {image.tag}\n{instruction}\n".encode())
        assert not [step for step in engine.build(fileobj=file, tag=TAG, rm=True, decode=True) if "error" in step]
        return TAG

    yield make
    if engine.images(TAG):
        engine.remove_image(TAG, force=True)


@pytest.fixture
def without_python(engine: Any) -> Iterator[str]:
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    engine.import_image_from_data(empty.getvalue(), repository=TAG)
    yield TAG
    engine.remove_image(TAG, force=True)


def test_the_tag_changes_with_every_byte_that_goes_in() -> None:
    files = images.contents()
    for name in ("Dockerfile", "inside/supervisor/supervisor.py"):
        assert images.fingerprint({**files, name: files[name] + b"#"}) != images.fingerprint(files)
    assert images.fingerprint() in images.tag()


@pytest.mark.parametrize("flavour", images.FLAVOURS)
def test_every_flavour_has_a_name_of_its_own(flavour: str) -> None:
    assert [images.tag(other) for other in images.FLAVOURS].count(images.tag(flavour)) == 1


@pytest.mark.docker
def test_what_was_built_is_found(engine: Any, image: images.Image) -> None:
    assert images.find(engine, "plain") == image
    assert images.find(engine, image.tag) == image
    assert image.digest.startswith("sha256:")


@pytest.mark.docker
def test_a_second_build_changes_nothing(engine: Any, image: images.Image) -> None:
    assert images.build(engine, BASE, network="host") == image


@pytest.mark.docker
def test_an_image_of_another_version_is_refused(engine: Any, derived: Any) -> None:
    with pytest.raises(InputError, match=f"another version's sandbox in it; .* rft sandbox build --base {TAG}"):
        images.find(engine, derived(f"LABEL {images.LABEL}=000000000000"))


@pytest.mark.docker
def test_an_image_without_a_sandbox_is_refused(engine: Any) -> None:
    with pytest.raises(InputError, match=f"no sandbox in it; .* rft sandbox build --base {BASE}"):
        images.find(engine, BASE)


@pytest.mark.docker
def test_an_image_whose_volumes_would_be_written_to_disk_is_refused(engine: Any, derived: Any) -> None:
    with pytest.raises(InputError, match=r"declares volumes .*/scratch"):
        images.find(engine, derived("VOLUME /scratch"))


@pytest.mark.docker
def test_a_missing_image_names_the_command_that_builds_it(engine: Any) -> None:
    with pytest.raises(InputError, match="rft-test-nowhere is not here; build it: rft sandbox build"):
        images.find(engine, "rft-test-nowhere")


@pytest.mark.docker
def test_a_base_that_is_nowhere_is_named(engine: Any) -> None:
    with pytest.raises(InputError, match=r"base image 127\.0\.0\.1:1/nowhere is neither here nor to be had"):
        images.build(engine, "127.0.0.1:1/nowhere")


@pytest.mark.docker
def test_a_base_that_cannot_run_python_is_refused(engine: Any, without_python: str) -> None:
    with pytest.raises(InputError, match=f"the sandbox image can't be built on {without_python}"):
        images.build(engine, without_python)


@pytest.mark.docker
def test_cleaning_takes_the_images_of_other_versions_and_leaves_this_ones(
    engine: Any, image: images.Image, derived: Any
) -> None:
    stale = derived(f"LABEL {images.LABEL}=000000000000")
    assert f"image {stale}:latest" in images.clean(engine, keep_current=True)
    assert engine.images(stale) == []
    assert images.find(engine, "plain") == image


@pytest.mark.docker
def test_no_file_in_the_image_changes_the_user_or_can_be_written(engine: Any, image: images.Image) -> None:
    probe = "find / -xdev -type f \\( -perm /6000 -o -writable \\) 2>/dev/null"
    config = {"Image": image.tag, "Entrypoint": ["sh", "-c", probe], "Labels": {OWNER: owner()}}
    container = engine.create_container_from_config(config | {"HostConfig": {"NetworkMode": "none"}})["Id"]
    try:
        engine.start(container)
        engine.wait(container)
        found = engine.logs(container).decode().split()
    finally:
        remove(engine, container)
    assert found == []
