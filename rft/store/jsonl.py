"""JSON lines: the one place where such a file is opened and a line of it read.

Which fields a line must have is its reader's business. A log's journal is not read here: its last line may be torn.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from rft.errors import InputError
from rft.types import JSON

GZIP_MAGIC = b"\x1f\x8b"


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields the lines of a file with their numbers, from 1; gzip is told by the first bytes. Blank ones are skipped.

    Raises:
        InputError: the file is missing, a folder, torn, or cannot be read.
    """
    require_file(path)
    number = 0
    try:
        with _open(path) as stream:
            for line in cast(Iterable[bytes], stream):
                number += 1
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read after line {number}: {error}; is the copy complete?") from error


def parse(
    line: bytes, *, parse_int: Callable[[str], int] = int, nan: bool = False, surrogates: bool = False
) -> dict[str, JSON]:
    r"""Returns the object in a line.

    Args:
        line: as it is in the file; a byte order mark in front of it is skipped.
        parse_int: reads a whole number.
        nan: NaN and Infinity are allowed, which Python writes and JSON does not know.
        surrogates: half of a surrogate pair is allowed, which can be written as ``\ud800`` but not stored as UTF-8.

    Raises:
        ValueError: says what is wrong with the line.
    """
    try:
        text = line.decode("utf-8-sig")
        value = json.loads(text, parse_int=parse_int, parse_constant=None if nan else _refuse_constant)
        if not surrogates and "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except UnicodeEncodeError as error:
        raise ValueError("holds half of a surrogate pair (\\ud800 to \\udfff), which is not a character") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply to be read") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}; every line must hold one object") from error
    if not isinstance(value, dict):
        raise ValueError(f"holds a {type(value).__name__}; it must be an object")
    return value


def require_file(path: Path) -> None:
    """Raises the error for a path that is not a file.

    Raises:
        InputError: the path is missing, or a folder.
    """
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise InputError(f"data file {path} {what}; check the path")


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
