"""Persistent worker processes for checks that may hang or eat memory; any verifier can use the pool.

The parent speaks JSON lines over pipes with ``python -m <module>``, whose ``main`` calls
``rft.processes.worker_main.serve``. What is guaranteed: no process before the first question; a question that
overruns its time is ended by SIGKILL from the parent (no signal is used in the parent, so any thread may ask); memory
is capped by RLIMIT_AS; a worker that died is replaced; workers end by themselves when the parent is gone, however it
went; nothing is left after ``close``.
"""

import json
import os
import queue
import selectors
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from rft.types import JSON

START_S = 120.0
"""Time allowed for a worker to import what it needs; generous, since a busy machine is not the candidate's fault."""
STDERR_TAIL = 400
MIN_LEFT_S = 0.05
"""Left at least for a question that is asked again, since a worker that died late may have been killed from outside."""


class WorkerError(Exception):
    """A question got no reply: the worker could not be started, or died twice on it."""


class WorkerTimeoutError(WorkerError):
    """The time for a question ran out; the worker was killed."""


class WorkerMemoryError(WorkerError):
    """The worker hit its memory cap on a question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker says to one question."""

    value: JSON
    cpu_s: float
    wall_s: float
    """Between question and reply; a start-up is not counted."""


class WorkerPool:
    """Hands out workers, one per asking thread at a time, at most ``size`` alive."""

    def __init__(self, module: str, *, size: int, memory_mib: int, recycle_after: int) -> None:
        """Starts nothing yet.

        Args:
            module: run as ``python -m module``; must answer as ``rft.processes.worker_main``.
            size: how many processes at most.
            memory_mib: cap on a worker's address space, in MiB.
            recycle_after: a worker is replaced after this many questions (symbolic caches only ever grow).
        """
        self._module = module
        self._size = size
        self._memory_mib = memory_mib
        self._recycle_after = recycle_after
        self._inherited: list[Worker] = []
        self._fill()

    def _fill(self) -> None:
        self._pid = os.getpid()
        self._workers = [Worker(self._module, self._memory_mib, self._recycle_after) for _ in range(self._size)]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._close = weakref.finalize(self, _stop_all, self._workers)

    @contextmanager
    def worker(self) -> Iterator["Worker"]:
        """Lends a worker to the calling thread; waits while all are out."""
        if self._pid != os.getpid():  # after a fork the pipes belong to the parent
            self._close.detach()
            self._inherited += self._workers
            self._fill()
        worker = self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Kills and reaps every worker, busy ones too; later questions raise WorkerError. Safe to call twice."""
        if self._pid == os.getpid():
            self._close()


class Worker:
    """One process and its pipes; started by the first question, replaced when it dies or has done its share."""

    def __init__(self, module: str, memory_mib: int, recycle_after: int) -> None:
        self.closed = False
        self._module = module
        self._memory_mib = memory_mib
        self._recycle_after = recycle_after
        self._asking = threading.Lock()
        """Held during a question."""
        self._lock = threading.Lock()
        """Held while the process is exchanged for another."""
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._buffer = b""
        self._asked = 0

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process else None

    def ask(self, question: JSON, timeout_s: float) -> Reply:
        """Returns the reply to one question.

        A worker that dies is replaced and asked once more: it may have been killed from outside.

        Raises:
            WorkerTimeoutError: no reply within ``timeout_s`` seconds (start-up not counted).
            WorkerMemoryError: the memory cap was hit.
            WorkerError: it cannot be started, died twice, or the pool is closed.
        """
        died = ""
        spent_s = 0.0
        with self._asking:
            for _ in range(2):
                process = self._started()
                self._asked += 1
                left_s = timeout_s - spent_s
                line = json.dumps({"question": question, "timeout_s": left_s}).encode() + b"\n"
                start = time.monotonic()
                try:
                    reply = self._exchange(process, line, left_s)
                except (BrokenPipeError, EOFError):
                    spent_s = min(spent_s + time.monotonic() - start, timeout_s - MIN_LEFT_S)
                    died = self._stop()
                    continue
                return self._checked(reply, time.monotonic() - start)
        raise WorkerError(f"worker died twice on one question: {died}")

    def start(self) -> float:
        """Starts the process if none runs; returns the seconds that took.

        Raises:
            WorkerError: it cannot be started, or the pool is closed.
        """
        start = time.monotonic()
        with self._asking:
            self._started()
        return time.monotonic() - start

    def stop(self) -> None:
        """Kills and reaps the process for good, also while another thread waits for its reply."""
        with self._lock:
            self.closed = True
            if self._process is not None:
                self._process.kill()
        with self._asking:  # the other thread has seen end-of-file by now
            self._stop()

    def _checked(self, reply: dict[str, JSON], wall_s: float) -> Reply:
        memory = reply.get("error") == "memory"
        if memory or self._asked >= self._recycle_after or reply["peak_mib"] > self._memory_mib / 2:
            self._stop()
        if memory:
            raise WorkerMemoryError(f"needs more than {self._memory_mib} MiB")
        return Reply(reply["value"], reply["cpu_s"], wall_s)

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self.closed:
                raise WorkerError("the verifier is closed")
            if self._process is not None:
                return self._process
            self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
            command = [sys.executable, "-P", "-m", self._module, str(self._memory_mib), str(os.getpid())]
            try:
                self._process = process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr
                )
            except OSError as error:
                self._stderr.close()
                raise WorkerError(f"worker cannot be started: {error}") from error
            self._buffer, self._asked = b"", 0
        try:
            self._read(process, START_S)
        except EOFError as error:
            raise WorkerError(f"worker ended while starting: {self._stop()}") from error
        except WorkerTimeoutError as error:
            raise WorkerError(f"worker did not start within {START_S:g} s") from error
        return process

    def _exchange(self, process: subprocess.Popen[bytes], line: bytes, timeout_s: float) -> dict[str, JSON]:
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        return self._read(process, timeout_s)

    def _read(self, process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, JSON]:
        assert process.stdout is not None
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self._stop()
                    raise WorkerTimeoutError(f"no verdict within {timeout_s:g} s")
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    raise EOFError
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply: dict[str, JSON] = json.loads(line)
        return reply

    def _stop(self) -> str:
        """Kills and reaps; returns how it ended and the last of what it wrote to stderr."""
        with self._lock:
            process, self._process = self._process, None
            stderr, self._stderr = self._stderr, None
        if process is None or stderr is None:
            return "killed"
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            _close(pipe)
        status = process.wait()
        with stderr:
            stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - STDERR_TAIL))
            tail = stderr.read().decode(errors="replace").strip()
        return f"exit status {status}; {tail.splitlines()[-1] if tail else 'nothing on stderr'}"


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # a buffered question that nobody will read
        return


def _stop_all(workers: list[Worker]) -> None:
    for worker in workers:
        worker.stop()
