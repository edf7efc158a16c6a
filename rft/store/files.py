"""Files that are either whole or not there: written under another name, synced to disk, then renamed."""

import errno
import glob
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rft.errors import InputError, RftError, RunError
from rft.types import JSON


@contextmanager
def writing(path: Path, private: bool = False) -> Iterator[Path]:
    """Yields a temporary path; the file gets its name when the block succeeds and is removed when it fails.

    Args:
        path: what the file is called in the end.
        private: other processes may write to the same place: the temporary name belongs to this one, and what
            processes that were killed left there is removed.

    Raises:
        RunError: the disk is full.
        InputError: the folder cannot be written.
    """
    partial = _private(path) if private else path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if private:
            _sweep(path)
        yield partial
        replace(partial, path)
    except OSError as error:
        if error.filename and Path(error.filename) not in (partial, path, *path.parents):
            raise  # where the content comes from, not where it goes
        raise disk_error(error, path) from error
    finally:
        with suppress(OSError):  # must not hide the error that led here
            partial.unlink()


def check_out(out: Path, source: Path, instead: str = "") -> None:
    """Refuses a place for an output that would replace its input, or something that is not a regular file.

    Args:
        out: what ``--out`` names.
        source: the input; it need not be a file.
        instead: what else may be given, for the message.

    Raises:
        InputError: it would.
    """
    if any(place.exists() and source.exists() and place.samefile(source) for place in (out, _private(out))):
        raise InputError(f"--out {out} is the input itself, which would be lost; choose another file")
    # A link is refused too: /dev/stdout is one, and a rename would put a file in its place.
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise InputError(f"--out {out} is not a regular file; give a file of its own{instead}")


def write_json(path: Path, value: JSON) -> None:
    """Writes a JSON file.

    Raises:
        RunError: the disk is full.
        InputError: the folder cannot be written.
    """
    with writing(path) as partial:
        partial.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, JSON]:
    """Returns the object in a JSON file, or {} if there is no such file.

    Raises:
        InputError: the file is damaged.
    """
    try:
        loaded = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the same command again") from error
    return loaded if isinstance(loaded, dict) else {}


def replace(partial: Path, path: Path) -> None:
    """Gives a finished temporary file its name; file and folder are on the disk afterwards."""
    _fsync(partial)
    partial.replace(path)
    _fsync(path.parent)


def disk_error(error: OSError, path: Path) -> RftError:
    """Returns the error for a write that failed: exit code 1 where the disk failed, else 2 for a bad place."""
    kept = "what was finished is kept, nothing is half-written"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return RunError(f"cannot write {path}: no space left for it; free some and run the same command again; {kept}")
    kind = RunError if error.errno == errno.EIO else InputError
    return kind(f"cannot write {path}: {error.strerror or error}; {kept}")


def _private(path: Path) -> Path:
    return path.parent / f".{path.name}.{os.getpid()}.tmp"


def _sweep(path: Path) -> None:
    """Removes what a kill left behind; what belongs to a living process stays."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        pid = left.name.split(".")[-2]
        if pid == str(os.getpid()) or (pid.isdigit() and not Path("/proc", pid).exists()):
            left.unlink(missing_ok=True)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
