"""Messages on a byte stream: four bytes of length, big-endian, then JSON in ASCII."""

import json
import os
import struct
from collections.abc import Callable
from typing import Any

_LENGTH = struct.Struct(">I")


def pack(message: Any) -> bytes:
    """Returns a message as it travels."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return _LENGTH.pack(len(body)) + body


def unpack(read: Callable[[int], bytes], max_bytes: int) -> Any:
    """Returns the next message; ``read(n)`` gives at most n bytes, none at the end of the stream.

    Raises:
        EOFError: the stream ended, also in the midst of a message.
        ValueError: the message is longer than ``max_bytes``, or is not JSON.
    """
    (length,) = _LENGTH.unpack(_exactly(read, _LENGTH.size))
    if length > max_bytes:
        raise ValueError(f"a message of {length} bytes; at most {max_bytes} are taken")
    return json.loads(_exactly(read, length))


def _exactly(read: Callable[[int], bytes], n: int) -> bytes:
    parts = []
    while n:
        part = read(n)
        if not part:
            raise EOFError("the stream ended")
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def read_memory(fd: int) -> bytes:
    """Returns all of a file in memory, wherever its position is."""
    return os.pread(fd, os.fstat(fd).st_size, 0)


def write_all(fd: int, data: bytes) -> None:
    """Writes all of ``data`` to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
