"""A sandbox that runs nothing, a server in front of it, and one that misbehaves on purpose: the transport is tested."""

import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from rft.sandboxes.http.sandbox import HttpSandbox
from rft.sandboxes.http.serve import SandboxServer
from rft.testing import ENDED
from rft.types import JSON, Sandbox

DONE = replace(
    ENDED,
    stdout="3\n",
    cpu_s=0.015,
    wall_s=0.025,
    peak_memory_mib=9.5,
    enforced=frozenset({"wall_s", "memory_mib", "isolation"}),
)


@contextmanager
def serving(sandbox: Sandbox, token: str | None = None, queue: int | None = None) -> Iterator[SandboxServer]:
    """A real server on a free port, stopped at the end."""
    server = SandboxServer(sandbox, port=0, token=token, queue=queue)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        server.server_close()
        thread.join()


class Remote(HttpSandbox):
    """Another sandbox as it is seen from afar, with the server in between; closing it closes all three."""

    def __init__(self, behind: Sandbox, token_env: str | None = None) -> None:
        self._owned = ExitStack()
        self._owned.callback(behind.close)
        token = os.environ[token_env] if token_env else None
        server = self._owned.enter_context(serving(behind, token=token))
        super().__init__(server.url, token_env=token_env)

    def close(self) -> None:
        super().close()
        self._owned.close()


@contextmanager
def torn(server: SandboxServer, seed: int) -> Iterator[str]:
    """The address of a line to a server that breaks in the middle of one packet in ten of what comes back."""
    rng = random.Random(seed)
    listener = socket.create_server(("127.0.0.1", 0))

    def there(client: socket.socket, line: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                line.sendall(data)
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    def back(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", server.server_address[1])) as line:
            forward = threading.Thread(target=there, args=(client, line))
            forward.start()
            with suppress(OSError):
                while data := line.recv(1 << 16):
                    if rng.random() < 0.1:
                        client.sendall(data[: rng.randrange(len(data))])
                        break
                    client.sendall(data)
                client.shutdown(socket.SHUT_RDWR)
            forward.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=back, args=(listener.accept()[0],)).start()

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


Move = Callable[[socket.socket], None]


class Misbehaving:
    """Reads a request per connection and makes the next move of its script; the last one is repeated."""

    def __init__(self, *moves: Move, health: Move | None = None) -> None:
        self.moves = list(moves)
        self.health = health or reply(404, {"detail": "Not Found"})
        self.requests: list[tuple[str, JSON]] = []
        self.headers: list[str] = []
        self.most_open = 0
        self._open = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> "Misbehaving":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            threads.append(threading.Thread(target=self._serve, args=(connection,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            head, _, body = _request(connection)
            if not head:
                return
            path = head.split(" ")[1]
            with self._lock:
                self._open += 1
                self.most_open = max(self.most_open, self._open)
                move = self.health
                if path != "/rft/health":
                    self.requests.append((path, json.loads(body or "null")))
                    move = self.moves.pop(0) if len(self.moves) > 1 else self.moves[0]
                self.headers.append(head)
            with suppress(OSError):
                move(connection)
            with self._lock:
                self._open -= 1


def _request(connection: socket.socket) -> tuple[str, str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return "", "", b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), lines[0], body


def raw(data: bytes) -> Move:
    return lambda connection: connection.sendall(data)


def reply(status: int, answer: JSON, *headers: str) -> Move:
    body = json.dumps(answer).encode()
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def reset(connection: socket.socket) -> None:
    """Hangs up with a reset instead of a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def hang_up(connection: socket.socket) -> None:
    """Says nothing."""


def stall(connection: socket.socket) -> None:
    """Waits until the other side has had enough."""
    connection.settimeout(20)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """Never ends, never pauses for long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" ")
        time.sleep(0.02)


def flood(connection: socket.socket) -> None:
    """Promises ten bytes in chunks that never end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def fusion_answer(outcome: str = "Success", /, **run: JSON) -> dict[str, JSON]:
    """An answer as SandboxFusion writes it."""
    result = {"status": "Finished", "execution_time": 0.05, "return_code": 0, "stdout": "3\n", "stderr": "", **run}
    nothing: dict[str, JSON] = {"compile_result": None, "executor_pod_name": None, "files": {}}
    return {"status": outcome, "message": "", "run_result": result, **nothing}
