"""A sandbox lent over HTTP: the server behind ``rft sandbox serve``.

It speaks SandboxFusion's ``POST /run_code`` and our own ``/rft/run``, ``/rft/examine`` and ``/rft/health``, in front of
any ``Sandbox``. Programs are isolated as that sandbox isolates them; the server adds nothing to it.

What it guards: loopback only unless a token is given; as many programs at a time as the sandbox has slots and a bounded
queue behind them (429 beyond); bounded connections, header, body and times; limits no larger than ``MOST``.
What it leaves open: no TLS (put a proxy in front, or a tunnel); without a token every user of this machine may use it.
"""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields
from http.server import ThreadingHTTPServer
from types import FrameType

from rft.errors import InputError
from rft.sandboxes.http.handler import Handler, Refusal, is_loopback
from rft.sandboxes.http.records import PROTOCOL
from rft.types import JSON, MOST, Limits, Sandbox
from rft.version import __version__

PORT = 8080
"""SandboxFusion's."""


class SandboxServer(ThreadingHTTPServer):
    """Serves a sandbox from construction to ``stop``. ``port`` 0 takes a free one: see ``url``."""

    daemon_threads = False  # what runs is waited for at the end
    request_queue_size = 128

    def __init__(
        self,
        sandbox: Sandbox,
        host: str = "127.0.0.1",
        port: int = PORT,
        token: str | None = None,
        *,
        queue: int | None = None,
        verbose: bool = False,
    ) -> None:
        """Binds the address.

        Args:
            sandbox: where programs run; stays open when the server ends.
            host: an address of this machine; everything but loopback needs a token.
            port: a free one; 0 takes any.
            token: what clients must send as ``Authorization: Bearer …``.
            queue: requests that may wait for a slot; by default four for each.
            verbose: one line per request to stderr.

        Raises:
            InputError: host without token, an unusable token, an address that is taken or not ours.
        """
        self.loopback = is_loopback(host)
        if token is None and not self.loopback:
            raise InputError(f"serving on '{host}' lets others in: set a token (--token-env), or serve on 127.0.0.1")
        if token is not None and (not token or not token.isascii() or not token.isprintable()):
            raise InputError("the token is empty or not plain ASCII; a good one: openssl rand -hex 32")
        self.token = token.encode("ascii") if token is not None else None
        self.sandbox, self.default, self.verbose = sandbox, Limits(), verbose
        self.stopping = threading.Event()
        queued = 4 * sandbox.slots if queue is None else queue
        self._running = threading.BoundedSemaphore(sandbox.slots)
        self._admitted = threading.BoundedSemaphore(sandbox.slots + queued)
        self._connections = threading.BoundedSemaphore(2 * (sandbox.slots + queued) + 16)
        self._idle: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except OSError as error:
            raise InputError(f"cannot serve on {host}, port {port}: {error.strerror or error}") from error

    @property
    def url(self) -> str:
        """Its address, with the port that it really has."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == socket.AF_INET6 else f"http://{host!s}:{port}"

    def health(self) -> JSON:
        """Returns who this is, for clients that ask before they send work."""
        exams = self.sandbox.has_exams
        about = {"slots": self.sandbox.slots, "backend": self.sandbox.backend, "exams": exams}
        return {"rft": __version__, "protocol": PROTOCOL, **about}

    def check(self, limits: Limits) -> None:
        """Refuses limits that would let one client hold a slot, or the memory, of all.

        Raises:
            InputError: one is above ``MOST``.
        """
        for name in (f.name for f in fields(Limits)):
            asked, most = getattr(limits, name), getattr(MOST, name)
            if asked > most:
                raise InputError(f"limit {name}={asked:g} is above what this server allows ({most:g})")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds a slot, waiting in the queue if there is room in it.

        Raises:
            Refusal: the queue is full, or the server is stopping.
        """
        if not self._admitted.acquire(blocking=False):
            raise Refusal(429, "busy", "all slots and the queue are taken")
        try:
            while not self._running.acquire(timeout=0.1):
                self._refuse_when_stopping()
            try:
                self._refuse_when_stopping()
                yield
            finally:
                self._running.release()
        finally:
            self._admitted.release()

    @contextmanager
    def idle(self, connection: socket.socket) -> Iterator[None]:
        """Notes a connection that waits for its next request: at the end nobody waits for those."""
        with self._lock:
            self._idle.add(connection)
            stopping = self.stopping.is_set()
        if stopping:
            _hang_up(connection)
        try:
            yield
        finally:
            with self._lock:
                self._idle.discard(connection)

    def stop(self) -> None:
        """Takes no more work and lets ``serve_forever`` return; call it from another thread than that. What runs goes
        on: ``server_close`` waits for it."""
        self.stopping.set()
        with self._lock:
            for connection in self._idle:
                _hang_up(connection)
        self.shutdown()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Gives a connection its thread, if there is one left."""
        if not self._connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._connections.release()
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Serves a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that hang up; shows everything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def _refuse_when_stopping(self) -> None:
        if self.stopping.is_set():
            raise Refusal(503, "sandbox", "the server is stopping")


def serve(
    sandbox: Sandbox,
    host: str = "127.0.0.1",
    port: int = PORT,
    token: str | None = None,
    *,
    verbose: bool = False,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serves a sandbox until SIGTERM or SIGINT, then finishes what runs and returns. A second SIGTERM ends it at once.

    Call it on the main thread; ``ready`` is told the address once it is bound. The sandbox stays the caller's to close.

    Raises:
        InputError: see ``SandboxServer``.
    """
    server = SandboxServer(sandbox, host, port, token, verbose=verbose)
    with ExitStack() as handlers:

        def stop(number: int, frame: FrameType | None) -> None:
            handlers.close()
            threading.Thread(target=server.stop, name="stop").start()

        for number in (signal.SIGTERM, signal.SIGINT):
            handlers.callback(signal.signal, number, signal.signal(number, stop))
        try:
            ready(server.url)
            server.serve_forever(poll_interval=0.1)
        finally:
            server.server_close()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
