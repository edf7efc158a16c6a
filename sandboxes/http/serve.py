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
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from http.server import ThreadingHTTPServer
from types import FrameType

from rft.errors import InputError
from rft.sandboxes.http.handler import Door, Handler, is_loopback
from rft.sandboxes.http.service import Service
from rft.types import Sandbox

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
        loopback = is_loopback(host)
        if token is None and not loopback:
            raise InputError(f"serving on '{host}' lets others in: set a token (--token-env), or serve on 127.0.0.1")
        if token is not None and (not token or not token.isascii() or not token.isprintable()):
            raise InputError("the token is empty or not plain ASCII; a good one: openssl rand -hex 32")
        service = Service(sandbox, queue)
        self.door = Door(service, loopback, token.encode("ascii") if token is not None else None, verbose)
        self._connections = threading.BoundedSemaphore(2 * service.capacity + 16)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), partial(Handler, self.door))
        except OSError as error:
            raise InputError(f"cannot serve on {host}, port {port}: {error.strerror or error}") from error

    @property
    def url(self) -> str:
        """Its address, with the port that it really has."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == socket.AF_INET6 else f"http://{host!s}:{port}"

    def stop(self) -> None:
        """Takes no more work and lets ``serve_forever`` return; call it from another thread than that. What runs goes
        on: ``server_close`` waits for it."""
        self.door.close()
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
