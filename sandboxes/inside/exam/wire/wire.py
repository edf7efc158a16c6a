"""Frames on the socket between candidate and tester: four bytes of length, big-endian, then a JSON object in UTF-8.

What is read may come from a hostile peer. It is bounded before it is parsed: in bytes, in parts and in depth.
"""

import json
import re
import select
import socket
import sys
from contextlib import suppress
from typing import Any

MAX_FRAME = 16 << 20
"""Bytes. HumanEval+ has a result of 12.4 MB: a million floats."""
MAX_PARTS = 3_000_000
"""Lists, objects and commas of a frame outside its strings: 16 MiB of ``[],`` would take 400 MiB as Python objects."""
SAFE_DEPTH = 1_000
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class ProtocolError(Exception):
    """The peer sent what the protocol does not know."""


def _refuse(constant: str) -> float:
    raise ProtocolError(f"{constant} is not JSON")


_encode = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode
_decode = json.JSONDecoder(parse_constant=_refuse).decode


class Wire:
    """One end of the socket. Blocking; never holds more than one frame."""

    __slots__ = ("_poll", "_rest", "_socket")

    def __init__(self, rpc: socket.socket) -> None:
        self._socket = rpc
        self._rest = b""
        self._poll = select.poll()
        self._poll.register(rpc, select.POLLIN)

    def send(self, message: dict[str, Any]) -> None:
        """Sends one message.

        Raises:
            ValueError: it is too large; nothing was sent.
            EOFError: the peer is gone.
        """
        body = _encode(message).encode("ascii")
        if len(body) > MAX_FRAME:
            raise ValueError(f"a message of {len(body)} bytes is over the limit of {MAX_FRAME}")
        try:
            self._socket.sendall(len(body).to_bytes(4, "big") + body)
        except OSError as error:
            raise EOFError(str(error)) from None

    def receive(self) -> dict[str, Any]:
        """Waits for one message.

        Raises:
            ProtocolError: what came is malformed.
            EOFError: the peer is gone.
        """
        header = self._read(4)
        length = int.from_bytes(header, "big")
        if length > MAX_FRAME:
            raise ProtocolError(f"a frame of {length} bytes is over the limit of {MAX_FRAME}")
        return _parse(self._read(length))

    def unread(self) -> bool:
        """Whether something lies there that nobody has asked for. Does not wait."""
        if not self._rest and self._poll.poll(0):
            with suppress(OSError):  # the peer is gone
                self._rest = self._socket.recv(1)
        return bool(self._rest)

    def _read(self, n: int) -> bytes:
        data = self._rest
        if len(data) < n:
            parts, missing = [data], n - len(data)
            while missing > 0:
                try:
                    part = self._socket.recv(min(max(missing, 65_536), 1 << 20))
                except OSError as error:
                    raise EOFError(str(error)) from None
                if not part:
                    raise EOFError("the other process has ended")
                parts.append(part)
                missing -= len(part)
            data = b"".join(parts)
        self._rest = data[n:]
        return data[:n]


def _parse(body: bytes) -> dict[str, Any]:
    opened = body.count(b"[") + body.count(b"{")
    # A raised recursion limit would let the parser run over the end of the C stack.
    if opened + body.count(b",") > MAX_PARTS or (opened > SAFE_DEPTH and sys.getrecursionlimit() > 3_000):
        _measure(body)
    try:
        message = _decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a frame is not JSON: {type(error).__name__}") from None
    if type(message) is not dict:
        raise ProtocolError("a frame is not a JSON object")
    return message


def _measure(body: bytes) -> None:
    outside = STRINGS.sub(b"", body).translate(None, bytes(set(range(256)) - set(b"[]{},")))
    if len(outside) > MAX_PARTS:
        raise ProtocolError(f"a frame has more than {MAX_PARTS} parts")
    depth = 0
    for byte in outside:
        depth += (byte in b"[{") - (byte in b"]}")
        if depth > SAFE_DEPTH:
            raise ProtocolError("a frame is nested too deep")
