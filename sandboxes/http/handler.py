"""What one connection to ``rft sandbox serve`` may say, and what it is told. The server itself is in ``serve``.

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
from email.errors import MultipartInvariantViolationDefect, NoBoundaryInMultipartDefect
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from rft.errors import InputError, SandboxError, printable
from rft.sandboxes.http import fusion
from rft.sandboxes.http.records import (
    examination_to_json,
    execution_to_json,
    limits_from_json,
    parse_json,
    program_from_json,
)
from rft.types import JSON, Limits, Program

if TYPE_CHECKING:
    from rft.sandboxes.http.serve import SandboxServer

MAX_BODY = 8 * 1024 * 1024
IDLE_S = 75.0
"""How long a connection may stay open without a request; longer than clients keep theirs."""
HEADER_S, BODY_S, WRITE_S = 10.0, 30.0, 30.0
"""Each for the whole header, body or answer, however it is cut up."""
DRAIN_S, DRAIN_BYTES = 5.0, 64 * 1024 * 1024
"""What is still read of a body that was refused: closing at once would reset the connection under our answer."""
_MULTIPART = frozenset({NoBoundaryInMultipartDefect, MultipartInvariantViolationDefect})
"""What the parser says of a multipart head, whose body it never sees; its kind is refused like any other."""


class Refusal(Exception):
    """A request that is not served: status, kind and message of the answer."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


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
    server: "SandboxServer"

    def setup(self) -> None:
        """Puts the timed reader under the buffered one."""
        super().setup()
        self.rfile.close()
        self.timed = _Timed(self.connection)
        self.rfile = io.BufferedReader(self.timed)

    def handle_one_request(self) -> None:
        """Waits for a request, then gives it its time."""
        self.timed.deadline = time.monotonic() + IDLE_S
        with self.server.idle(self.connection):
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
        self._serve({"/v1/ping": lambda: "pong", "/rft/health": self.server.health}, needs_body=False)

    def do_POST(self) -> None:
        """Runs and examinations."""
        routes: dict[str, Callable[[], JSON]] = {
            "/run_code": self._run_code,
            "/rft/run": self._run,
            "/rft/examine": self._examine,
        }
        self._serve(routes, needs_body=True)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what the base class could not parse."""
        self.unread = True
        self._answer(code, error_json("request", message or "bad request"))

    def log_message(self, format: str, *args: object) -> None:
        """One line per request, only when it was asked for; what a client wrote is made printable."""
        if self.server.verbose:
            took_ms = 1000 * (time.monotonic() - self.began)
            print(f"{self.client_address[0]} {printable(format % args)} {took_ms:.0f} ms", file=sys.stderr, flush=True)

    def _serve(self, routes: dict[str, Callable[[], JSON]], needs_body: bool) -> None:
        self.unread = True
        try:
            path = self._path()
            self._check_caller(path)
            if path not in routes:
                raise Refusal(404, "request", f"no such path; known: {', '.join(routes)}")
            if not needs_body:
                self.unread = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
                return self._answer(200, routes[path]())
            self.body = self._read_body()
            self.unread = False
            with self.server.turn():
                answer = routes[path]()
            return self._answer(200, answer)
        except Refusal as refusal:
            return self._answer(refusal.status, error_json(refusal.kind, str(refusal)))
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
            raise Refusal(400, "request", "the head of the request is malformed")
        return path

    def _check_caller(self, path: str) -> None:
        """Refuses pages that reach a loopback address under another name (DNS rebinding), and who has no token."""
        if self.server.loopback and not is_loopback(_host_of(self.headers.get("Host", ""))):
            raise Refusal(403, "host", "this server answers to localhost only")
        if self.server.token is None or path == "/v1/ping":
            return
        given = self.headers.get("Authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, b"Bearer " + self.server.token):
            raise Refusal(401, "token", "a bearer token is needed")

    def _read_body(self) -> bytes:
        kind = self.headers.get_content_type() if "Content-Type" in self.headers else ""
        if kind != "application/json":
            raise Refusal(415, "request", "the body must be application/json")
        lengths = self.headers.get_all("Content-Length", [])
        if (
            "Transfer-Encoding" in self.headers
            or len(lengths) != 1
            or not (lengths[0].isascii() and lengths[0].isdecimal())
        ):
            raise Refusal(411, "request", "one Content-Length is needed")
        if len(lengths[0]) > 12 or int(lengths[0]) > MAX_BODY:
            raise Refusal(413, "request", f"the body is larger than {MAX_BODY} bytes")
        self.timed.deadline = time.monotonic() + BODY_S
        try:
            body = self.rfile.read(int(lengths[0]))
        except TimeoutError as error:
            raise Refusal(408, "request", "the body came too slowly") from error
        if len(body) < int(lengths[0]):
            raise Refusal(400, "request", "the body ended early")
        return body

    def _run_code(self) -> JSON:
        with _asked_rightly():
            program, limits = fusion.program_of(parse_json(self.body), self.server.default)
            self.server.check(limits)
            try:
                return fusion.answer_of(self.server.sandbox.run(program, limits))
            except SandboxError as error:
                return fusion.sandbox_error(str(error))

    def _run(self) -> JSON:
        with _asked_rightly():
            program, limits = self._asked("program")
            return execution_to_json(self.server.sandbox.run(program, limits))

    def _examine(self) -> JSON:
        with _asked_rightly():
            candidate, limits = self._asked("candidate")
            exam = parse_json(self.body).get("exam")
            if not isinstance(exam, dict):
                raise InputError("'exam' must be an object")
            return examination_to_json(self.server.sandbox.examine(candidate, exam, limits))

    def _asked(self, key: str) -> tuple[Program, Limits]:
        given = parse_json(self.body)
        if not isinstance(given, dict):
            raise InputError("the body must be a JSON object")
        limits = limits_from_json(given.get("limits", {}))
        self.server.check(limits)
        return program_from_json(given.get(key)), limits

    def _answer(self, status: int, answer: JSON) -> None:
        body = json.dumps(answer).encode("ascii")
        if self.unread or self.server.stopping.is_set():
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


@contextmanager
def _asked_rightly() -> Iterator[None]:
    """Makes refusals of what is wrong with a request or fails in the sandbox."""
    try:
        yield
    except (InputError, ValueError) as error:
        raise Refusal(422, "input", str(error)) from error
    except SandboxError as error:
        raise Refusal(503, "sandbox", str(error)) from error
