"""What is lent to others: a sandbox, as many programs at a time as it has slots, a bounded queue, bounded limits.

Nothing here knows HTTP: requests come in as parsed JSON, answers go out as JSON, and what is refused is a
``RefusedError`` of one of ``REFUSALS``. ``handler`` speaks the protocol, ``serve`` holds the address.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from rft.errors import InputError, SandboxError
from rft.sandboxes.http import fusion
from rft.sandboxes.http.records import (
    PROTOCOL,
    examination_to_json,
    execution_to_json,
    limits_from_json,
    program_from_json,
)
from rft.types import JSON, Limits, Program, Sandbox
from rft.version import __version__

Refusals = Literal["busy", "sandbox", "input"]


class RefusedError(Exception):
    """A request that is not served.

    Its kind is ``busy`` (all slots and the queue are taken: come again), ``sandbox`` (our side failed or is stopping)
    or ``input`` (the request asks for something that is not allowed).
    """

    def __init__(self, kind: Refusals, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Service:
    """Lends a sandbox to many callers, each on a thread of its own."""

    def __init__(self, sandbox: Sandbox, queue: int | None = None) -> None:
        """Takes no slot yet.

        Args:
            sandbox: where programs run; stays open when the service ends.
            queue: requests that may wait for a slot; by default four for each.
        """
        self.sandbox, self.default = sandbox, Limits()
        self.stopping = threading.Event()
        self.capacity = sandbox.slots + (4 * sandbox.slots if queue is None else queue)
        """Requests that are running or waiting."""
        self._running = threading.BoundedSemaphore(sandbox.slots)
        self._admitted = threading.BoundedSemaphore(self.capacity)

    def health(self) -> JSON:
        """Returns who this is, for clients that ask before they send work."""
        exams = self.sandbox.has_exams
        about = {"slots": self.sandbox.slots, "backend": self.sandbox.backend, "exams": exams}
        return {"rft": __version__, "protocol": PROTOCOL, **about}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Holds a slot, waiting in the queue if there is room in it.

        Raises:
            RefusedError: the queue is full, or the service is stopping.
        """
        if not self._admitted.acquire(blocking=False):
            raise RefusedError("busy", "all slots and the queue are taken")
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

    def run_code(self, asked: JSON) -> JSON:
        """Serves SandboxFusion's request; a sandbox that fails is an answer of its own there.

        Raises:
            RefusedError: the request is wrong.
        """
        with _as_refusals():
            program, limits = fusion.program_of(asked, self.default)
            try:
                return fusion.answer_of(self.sandbox.run(program, limits))
            except SandboxError as error:
                return fusion.sandbox_error(str(error))

    def run(self, asked: JSON) -> JSON:
        """Runs ``{"program": …, "limits": …}``.

        Raises:
            RefusedError: the request is wrong, or the sandbox failed.
        """
        with _as_refusals():
            program, limits = _read(asked, "program")
            return execution_to_json(self.sandbox.run(program, limits))

    def examine(self, asked: JSON) -> JSON:
        """Examines ``{"candidate": …, "exam": …, "limits": …}``.

        Raises:
            RefusedError: the request is wrong, or the sandbox failed.
        """
        with _as_refusals():
            candidate, limits = _read(asked, "candidate")
            exam = asked.get("exam")
            if not isinstance(exam, dict):
                raise InputError("'exam' must be an object")
            return examination_to_json(self.sandbox.examine(candidate, exam, limits))

    def _refuse_when_stopping(self) -> None:
        if self.stopping.is_set():
            raise RefusedError("sandbox", "the server is stopping")


def _read(asked: JSON, key: str) -> tuple[Program, Limits]:
    if not isinstance(asked, dict):
        raise InputError("the body must be a JSON object")
    return program_from_json(asked.get(key)), limits_from_json(asked.get("limits", {}))


@contextmanager
def _as_refusals() -> Iterator[None]:
    """Turns what is wrong with a request, or fails in the sandbox, into refusals."""
    try:
        yield
    except (InputError, ValueError) as error:
        raise RefusedError("input", str(error)) from error
    except SandboxError as error:
        raise RefusedError("sandbox", str(error)) from error
