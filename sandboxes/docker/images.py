"""The sandbox image: built from our Dockerfile on any base with Python, found again by a hash of what is in it.

The tag holds the hash of everything that goes into the image from here, so that a run never meets the supervisor of
another version: after an upgrade the old image is simply not found, and the message says what to do. Flavours: the
plain one has an interpreter and the standard library; ``packages`` adds numpy and the like, ``languages`` the compilers
and runtimes, ``full`` both.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.errors import InputError
from rft.sandboxes import languages as language_table
from rft.sandboxes.docker.containers import last_line
from rft.sandboxes.docker.leftovers import sweep
from rft.version import __version__

NAME = "rft-sandbox"
BASE = "python:3.11-slim"
LABEL = "org.rft.sandbox"
"""On every image that we build; its value is the hash of what is inside."""
PLAIN, PACKAGES, LANGUAGES, FULL = "plain", "packages", "languages", "full"
FLAVOURS = (FULL, PACKAGES, LANGUAGES, PLAIN)
"""In the order in which they are preferred when none is asked for."""
PYTHON_PACKAGES = (
    "numpy", "scipy", "pandas", "sympy", "networkx", "scikit-learn", "sortedcontainers", "more-itertools",
)  # fmt: skip
HERE = Path(__file__).parent
INSIDE = HERE.parent / "inside"
_FLAVOUR = {(False, False): PLAIN, (True, False): PACKAGES, (False, True): LANGUAGES, (True, True): FULL}
_COLOURS = re.compile("\x1b\\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that holds this version's supervisor."""

    tag: str
    digest: str
    """The engine's id of it, ``sha256:…``."""
    flavour: str


def debian_packages() -> list[str]:
    """Returns the Debian packages of all languages, each once, in the table's order."""
    return list(dict.fromkeys(name for spec in language_table.LANGUAGES.values() for name in spec.debian_packages))


def contents() -> dict[str, bytes]:
    """Returns the files of the build context: the Dockerfile and all that runs inside."""
    inside = {path: f"inside/{path.relative_to(INSIDE)}" for path in INSIDE.rglob("*")}
    files = {name: path.read_bytes() for path, name in inside.items() if path.is_file() and path.suffix != ".pyc"}
    files["Dockerfile"] = (HERE / "image" / "Dockerfile").read_bytes()
    return dict(sorted(files.items()))


def fingerprint(files: Mapping[str, bytes] | None = None) -> str:
    """Returns the hash of the build context (of this one, if it is given)."""
    digest = hashlib.sha256()
    for name, body in (files or contents()).items():
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:12]


def tag(flavour: str = PLAIN, files: Mapping[str, bytes] | None = None) -> str:
    """Returns the name of this version's image of a flavour (of the one with these files, if they are given)."""
    return f"{NAME}:{__version__}-{fingerprint(files)}" + (f"-{flavour}" if flavour != PLAIN else "")


def build(
    engine: Any,
    base: str = BASE,
    *,
    packages: bool = False,
    languages: bool = False,
    network: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Image:
    """Builds an image of this version and returns it.

    Args:
        engine: from ``rft.sandboxes.docker.containers.connect``.
        base: an image with Python 3.11 or newer; with ``languages`` a Debian or Ubuntu.
        packages: add ``PYTHON_PACKAGES``.
        languages: add the compilers and runtimes of ``rft.sandboxes.languages``.
        network: the engine's network while building, e.g. ``host``.
        say: is given each line of the engine's log.

    Raises:
        InputError: the base is not available or not suitable, or a step of the build failed.
    """
    files = contents()
    flavour = _FLAVOUR[packages, languages]
    name = tag(flavour, files)
    arguments = {
        "BASE": base,
        "PACKAGES": " ".join(PYTHON_PACKAGES) if packages else "",
        "LANGUAGES": " ".join(debian_packages()) if languages else "",
    }
    labels = {LABEL: fingerprint(files), f"{LABEL}.flavour": flavour, f"{LABEL}.base": base}
    options = {"tag": name, "buildargs": arguments, "labels": labels, "network_mode": network}
    log: list[str] = []
    for line, is_fault in _steps(engine, files, options):
        log.append(line)
        say(line)
        if is_fault:
            raise InputError(_why(base, line, log))
    return _usable(name, engine.inspect_image(name), fingerprint(files))


def _steps(engine: Any, files: Mapping[str, bytes], options: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yields the lines of a build, and whether the line is why it failed."""
    from docker.errors import DockerException

    try:
        for step in engine.build(
            fileobj=_packed(files), custom_context=True, decode=True, rm=True, forcerm=True, **options
        ):
            said = step.get("error") or step.get("stream") or step.get("status") or ""
            if line := _COLOURS.sub("", said).strip():
                yield line, "error" in step
    except (DockerException, OSError) as error:
        yield last_line(error), True


def _packed(files: Mapping[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)  # no times and no owners: equal files are equal layers
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    packed.seek(0)
    return packed


def _why(base: str, fault: str, log: list[str]) -> str:
    ours = [line.removeprefix("rft: ") for line in log if line.startswith("rft: ")]
    if ours:
        return f"the sandbox image can't be built on {base}: {ours[-1]}"
    if not any(line.startswith("--->") for line in log):  # not even the first step was done
        return (
            f"the base image {base} is neither here nor to be had ({fault}); "
            "name another with --base, for instance one from `docker images`"
        )
    return f"the sandbox image can't be built on {base}: {fault}; before it: {' | '.join(log[-4:-1])[-600:]}"


def find(engine: Any, wanted: str | None = None) -> Image:
    """Returns an image of this version.

    Args:
        engine: from ``rft.sandboxes.docker.containers.connect``.
        wanted: a flavour, or the name of an image; by default the richest flavour that was built.

    Raises:
        InputError: there is none, or it holds another version's supervisor, or declares volumes.
    """
    from docker.errors import ImageNotFound

    names = [tag(wanted)] if wanted in FLAVOURS else [wanted] if wanted else [tag(flavour) for flavour in FLAVOURS]
    for name in names:
        try:
            return _usable(name, engine.inspect_image(name), fingerprint())
        except ImageNotFound:
            continue
    seen = f"the sandbox image {names[0]} is not" if wanted else f"no sandbox image of this version ({tag()}) is"
    raise InputError(f"{seen} here; build it: rft sandbox build{_flags(wanted)}")


def _flags(wanted: str | None) -> str:
    return {PACKAGES: " --packages", LANGUAGES: " --languages", FULL: " --packages --languages"}.get(wanted or "", "")


def _usable(name: str, found: dict[str, Any], wanted: str) -> Image:
    labels = found["Config"].get("Labels") or {}
    if labels.get(LABEL) != wanted:
        seen = "another version's sandbox" if LABEL in labels else "no sandbox"
        raise InputError(
            f"the image {name} has {seen} in it; put this version's on it: rft sandbox build --base {name}"
        )
    if volumes := found["Config"].get("Volumes"):
        raise InputError(
            f"the image {name} declares volumes ({', '.join(volumes)}), which are written to disk; "
            "take a base without volumes"
        )
    return Image(name, str(found["Id"]), labels.get(f"{LABEL}.flavour", PLAIN))


def clean(engine: Any, *, keep_current: bool = False) -> list[str]:
    """Removes our images and abandoned containers, and says what; what a living process uses stays.

    Args:
        engine: from ``rft.sandboxes.docker.containers.connect``.
        keep_current: leave this version's images.
    """
    from docker.errors import DockerException

    swept = sweep(engine)
    said = [f"{swept} abandoned containers"] if swept else []
    for found in engine.images(filters={"label": LABEL}):
        name = " ".join(found.get("RepoTags") or [found["Id"][7:19]])
        if keep_current and found["Labels"].get(LABEL) == fingerprint():
            continue
        try:
            engine.remove_image(found["Id"], force=True)
        except DockerException as error:  # a container uses it, or another image stands on it
            said.append(f"not removed: image {name} ({last_line(error)})")
        else:
            said.append(f"image {name}")
    return said
