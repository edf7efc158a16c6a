"""The engine's end of the two pipes to its parent: JSON lines, read and written beside the work."""

import json
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from rft.errors import InputError
from rft.types import JSON


class EngineLink:
    """The two pipes. Neither reading nor writing ever holds up a step of the engine.

    As a context it reports the exception that ends the program, and waits until all is written.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self._inbox: queue.SimpleQueue[JSON] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[JSON] = queue.SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()
        self._writer = threading.Thread(target=self._deliver, daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, InputError):
            self.send({"refused": str(error)})
        elif kind is not None and not isinstance(error, SystemExit):
            self.send({"failed": f"{kind.__name__}: {error}"})
        self.close()

    def close(self) -> None:
        """Waits until all that was sent is written."""
        self._outbox.put(None)
        self._writer.join()

    def send(self, message: JSON) -> None:
        """Puts a message into the outbox."""
        self._outbox.put(message)

    def receive(self, wait: bool) -> Iterator[JSON]:
        """Yields the messages that have come, after waiting for the first one if asked to; None is the end."""
        with suppress(queue.Empty):
            if wait:
                yield self._inbox.get()
            while True:
                yield self._inbox.get_nowait()

    def _receive(self) -> None:
        for line in self._read:
            self._inbox.put(json.loads(line))
        self._inbox.put(None)

    def _deliver(self) -> None:
        # A parent that is gone breaks the pipe; the watcher is about to end this process then.
        with suppress(BrokenPipeError):
            while (message := self._outbox.get()) is not None:
                self._write.write(json.dumps(message).encode() + b"\n")
                if self._outbox.empty():
                    self._write.flush()
            self._write.flush()
