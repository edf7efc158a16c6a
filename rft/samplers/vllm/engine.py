"""The parent's handle on one life of one engine process: start it, talk to it, end it with all it has started.

The engine speaks JSON lines over two pipes of its own (nothing is pickled); what it prints goes to a log file. It is
the leader of its own session, so Ctrl-C does not reach it, and a watcher (``rft.processes.parent_watch``) makes sure
that nothing of it outlives this process.
"""

import json
import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rft.processes.command import tail
from rft.processes.parent_watch import GRACE_S
from rft.types import JSON

_LOG_TAIL_BYTES = 65536
_ERROR = re.compile(r"((?:\w+\.)*\w*(?:Error|Exception|Interrupt)): (.+)")
_SECONDHAND = ("Engine core initialization failed", "WorkerProc initialization failed")


@dataclass(frozen=True, slots=True)
class Event:
    """Something an engine said; no message means that it has ended."""

    engine: "Engine"
    message: JSON | None


class Engine:
    """One running engine process.

    Args:
        command: the program and its arguments; the ids of this process and of the two pipes are added to them.
        environment: of the new process, whole.
        settings: sent to it first.
        log: what it prints is added to the end of this file.
        events: where everything that it says goes, and last of all its end.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        settings: JSON,
        log: Path,
        events: "queue.SimpleQueue[Event]",
    ) -> None:
        self.log = log
        self.heard = time.monotonic()
        """When it last said something."""
        self._events = events
        self._outbox: queue.SimpleQueue[JSON] = queue.SimpleQueue()
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        try:
            with log.open("ab") as printed:
                self._log_start = printed.tell()
                self._process = subprocess.Popen(
                    [*command, str(os.getpid()), str(theirs_in), str(theirs_out)],
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=printed,
                    env=dict(environment),
                    pass_fds=(theirs_in, theirs_out),
                    start_new_session=True,
                )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._threads = [
            threading.Thread(target=self._read, args=(ours_in,), daemon=True),
            threading.Thread(target=self._write, args=(ours_out,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.send(settings)

    @property
    def pid(self) -> int:
        """Process id of the watcher, which is also the id of the process group."""
        return self._process.pid

    def send(self, message: JSON) -> None:
        """Sends a message, without waiting. To an engine that is dead it is lost; its end is among the events."""
        self._outbox.put(message)

    def kill(self) -> None:
        """Ends every process of the engine and waits until they are gone. Safe to call twice."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(3 * GRACE_S)
        # Only needed where the watcher itself has been killed or does not answer.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join()

    def last_words(self, lines: int = 8) -> str:
        """Returns the end of what this life of the engine has printed."""
        return tail(self.log, lines, self._log_start)

    def last_error(self) -> str | None:
        """Returns the last error that it has printed, without what vLLM puts before it."""
        for line in reversed(self._printed()):
            found = _ERROR.search(line)
            if found and not any(words in line for words in _SECONDHAND):
                return found[0]
        return None

    def _printed(self) -> list[str]:
        with self.log.open("rb") as printed:
            end = printed.seek(0, os.SEEK_END)
            printed.seek(max(self._log_start, end - _LOG_TAIL_BYTES))
            return printed.read().decode("utf-8", "replace").splitlines()

    def _read(self, pipe: int) -> None:
        for message in _messages(pipe):
            self.heard = time.monotonic()
            if "alive" not in message:
                self._events.put(Event(self, message))
        self._events.put(Event(self, None))

    def _write(self, pipe: int) -> None:
        with suppress(BrokenPipeError), os.fdopen(pipe, "wb") as file:
            while (message := self._outbox.get()) is not None:
                file.write(json.dumps(message).encode() + b"\n")
                if self._outbox.empty():
                    file.flush()


def _messages(pipe: int) -> Iterator[JSON]:
    with os.fdopen(pipe, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # else torn by a sudden end
                yield json.loads(line)
