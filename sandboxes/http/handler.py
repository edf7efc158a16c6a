"""What one connection to ``rft sandbox serve`` may say, and what it is told. What is lent is in ``service``.

A request is looked at in the order of what that costs: the name it used for us, its token, path, size, a place in the
queue, and only then its content. The body is JSON and must say so: a web page cannot send that to another origin
without asking first, and nobody here answers such a question.
"""

import hmac
import io
import ipaddress
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MultipartInvariantViolationDefect, NoBoundaryInMultipartDefect
from functools import partial
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any, cast
from urllib.parse import urlsplit

from rft.errors import printable
from rft.sandboxes.http.records import parse_json
from rft.sandboxes.http.service import RefusedError, Service
from rft.types import JSON

MAX_BODY = 8 * 1024 * 1024
IDLE_S = 75.0
"""How long a connection may stay open without a request; longer than clients keep theirs."""
HEADER_S, BODY_S, WRITE_S = 10.0, 30.0, 30.0
"""Each for the whole header, body or answer, however it is cut up."""
DRAIN_S, DRAIN_BYTES = 5.0, 64 * 1024 * 1024
"""What is still read of a body that was refused: closing at once would reset the connection under our answer."""
_MULTIPART = frozenset({NoBoundaryInMultipartDefect, MultipartInvariantViolationDefect})
"""What the parser says of a multipart head, whose body it never sees; its kind is refused like any other."""


STATUS = {"busy": 429, "sandbox": 503, "input": 422}
"""A kind of ``service.RefusedError`` -> the status of the answer."""


class BadRequestError(Exception):
    """A request that never reaches the service: status, kind and message of the answer."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


@dataclass
class Door:
    """What every connection of a server shares: whom it lets in, and what it lends them."""

    service: Service
    loopback: bool
    """Whether it answers to names of this machine only."""
    token: bytes | None
    """What a caller must show; None asks for nothing."""
    verbose: bool = False
    """Whether each request is a line on stderr."""
    _idle: set[socket.socket] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def idle(self, connection: socket.socket) -> Iterator[None]:
        """Notes a connection that waits for its next request: at the end nobody waits for those."""
        with self._lock:
            self._idle.add(connection)
            stopping = self.service.stopping.is_set()
        if stopping:
            _hang_up(connection)
        try:
            yield
        finally:
            with self._lock:
                self._idle.discard(connection)

    def close(self) -> None:
        """Takes no more work and hangs up on connections that wait for their next request."""
        self.service.stopping.set()
        with self._lock:
            for connection in self._idle:
                _hang_up(connection)


class _Timed(io.RawIOBase):
    """Reads a socket until a deadline, which a socket's own time-out (one per packet) is not."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deadline = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class Handler(BaseHTTPRequestHandler):
    """Serves the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "rft", ""
    disable_nagle_algorithm = True

    def __init__(self, door: Door, *arguments: Any) -> None:
        """Serves a connection to its end: the base class does so on construction.

        Args:
            door: what all connections share.
            arguments: those of the base class.
        """
        self.door = door
        super().__init__(*arguments)

    def setup(self) -> None:
        """Puts the timed reader under the buffered one."""
        super().setup()
        self.rfile.close()
        self.timed = _Timed(self.connection)
        self.rfile = io.BufferedReader(self.timed)

    def handle_one_request(self) -> None:
        """Waits for a request, then gives it its time."""
        self.timed.deadline = time.monotonic() + IDLE_S
        with self.door.idle(self.connection):
            try:
                begun = cast(io.BufferedReader, self.rfile).peek(1)
            except OSError:  # reset, or silent for too long
                begun = b""
        if not begun:
            self.close_connection = True
            return
        self.began = time.monotonic()
        self.timed.deadline = self.began + HEADER_S
        super().handle_one_request()

    def do_GET(self) -> None:
        """Ping and health."""
        self._serve({"/v1/ping": lambda: "pong", "/rft/health": self.door.service.health}, needs_body=False)

    def do_POST(self) -> None:
        """Runs and examinations."""
        service = self.door.service
        work = {"/run_code": service.run_code, "/rft/run": service.run, "/rft/examine": service.examine}
        self._serve({path: partial(self._with_body, act) for path, act in work.items()}, needs_body=True)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what the base class could not parse."""
        self.unread = True
        self._answer(code, error_json("request", message or "bad request"))

    def log_message(self, format: str, *args: object) -> None:
        """One line per request, only when it was asked for; what a client wrote is made printable."""
        if self.door.verbose:
            took_ms = 1000 * (time.monotonic() - self.began)
            print(f"{self.client_address[0]} {printable(format % args)} {took_ms:.0f} ms", file=sys.stderr, flush=True)

    def _serve(self, routes: dict[str, Callable[[], JSON]], needs_body: bool) -> None:
        self.unread = True
        try:
            path = self._path()
            self._check_caller(path)
            if path not in routes:
                raise BadRequestError(404, "request", f"no such path; known: {', '.join(routes)}")
            if not needs_body:
                self.unread = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
                return self._answer(200, routes[path]())
            self.body = self._read_body()
            self.unread = False
            with self.door.service.turn():
                answer = routes[path]()
            return self._answer(200, answer)
        except BadRequestError as error:
            return self._answer(error.status, error_json(error.kind, str(error)))
        except RefusedError as error:
            return self._answer(STATUS[error.kind], error_json(error.kind, str(error)))
        except Exception:  # a bug of ours: told to both sides
            self._answer(500, error_json("server", "the server failed; its log says how"))
            raise

    def _path(self) -> str:
        """The path asked for; a head that is read in more than one way is refused, and its connection closed."""
        try:
            path = urlsplit(self.path).path
        except ValueError:
            path = ""
        if not path or not _MULTIPART.issuperset(map(type, self.headers.defects)):
            self.close_connection = True
            raise BadRequestError(400, "request", "the head of the request is malformed")
        return path

    def _check_caller(self, path: str) -> None:
        """Refuses pages that reach a loopback address under another name (DNS rebinding), and who has no token."""
        if self.door.loopback and not is_loopback(_host_of(self.headers.get("Host", ""))):
            raise BadRequestError(403, "host", "this server answers to localhost only")
        if self.door.token is None or path == "/v1/ping":
            return
        given = self.headers.get("Authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, b"Bearer " + self.door.token):
            raise BadRequestError(401, "token", "a bearer token is needed")

    def _read_body(self) -> bytes:
        kind = self.headers.get_content_type() if "Content-Type" in self.headers else ""
        if kind != "application/json":
            raise BadRequestError(415, "request", "the body must be application/json")
        lengths = self.headers.get_all("Content-Length", [])
        if (
            "Transfer-Encoding" in self.headers
            or len(lengths) != 1
            or not (lengths[0].isascii() and lengths[0].isdecimal())
        ):
            raise BadRequestError(411, "request", "one Content-Length is needed")
        if len(lengths[0]) > 12 or int(lengths[0]) > MAX_BODY:
            raise BadRequestError(413, "request", f"the body is larger than {MAX_BODY} bytes")
        self.timed.deadline = time.monotonic() + BODY_S
        try:
            body = self.rfile.read(int(lengths[0]))
        except TimeoutError as error:
            raise BadRequestError(408, "request", "the body came too slowly") from error
        if len(body) < int(lengths[0]):
            raise BadRequestError(400, "request", "the body ended early")
        return body

    def _with_body(self, act: Callable[[JSON], JSON]) -> JSON:
        try:
            asked = parse_json(self.body)
        except ValueError as error:
            raise RefusedError("input", str(error)) from error
        return act(asked)

    def _answer(self, status: int, answer: JSON) -> None:
        body = json.dumps(answer).encode("ascii")
        if self.unread or self.door.service.stopping.is_set():
            self.close_connection = True
        self.request_version = "HTTP/1.1"  # the base class takes what it cannot parse for 0.9, which has no headers
        with suppress(OSError):  # the client has gone: nothing is left to be told
            self.connection.settimeout(WRITE_S)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Cache-Control", "no-store")
            if status == 429:
                self.send_header("Retry-After", "1")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            if self.unread:
                self._drain()

    def _drain(self) -> None:
        self.connection.shutdown(socket.SHUT_WR)
        self.timed.deadline = time.monotonic() + DRAIN_S
        left = DRAIN_BYTES
        while left > 0 and (chunk := cast(io.BufferedReader, self.rfile).read1(64 * 1024)):
            left -= len(chunk)


def error_json(kind: str, message: str) -> dict[str, JSON]:
    """Returns the body of a refusal: for our client, and (``detail``) for those of the original."""
    return {"error": {"kind": kind, "message": message}, "detail": message}


def is_loopback(host: str) -> bool:
    """Whether a name or address reaches this machine only. Names other than ``localhost`` may lead anywhere.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", "localhost.evil.example")]
    [True, True, True, False, False, False]
    """
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
