"""Sandboxes on other machines: a client for servers that speak SandboxFusion's ``run_code``, ours among them.

What it isolates is whatever the server isolates; an ``Execution`` says in ``enforced`` what that server is known to
enforce (a foreign one: the time limit, nothing else). Left open: a foreign server sees every program and its input, has
no second process for tests (``has_exams`` is False) and tells neither processor time nor memory. ``rft sandbox serve``
offers all of it, and is recognised by itself.

Guarantees: a call is made again only when the transport or the server failed, never for what a program did; in the end
there is an answer or a ``SandboxError``, within a time that follows from the limits.
"""

import math
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from annotated_types import Ge, Lt

from rft.errors import InputError, SandboxError
from rft.options import Count
from rft.sandboxes import archive
from rft.sandboxes.http import fusion
from rft.sandboxes.http.endpoints import BusyError, Endpoint, EndpointError, Endpoints
from rft.sandboxes.http.records import (
    PROTOCOL,
    examination_from_json,
    execution_from_json,
    limits_to_json,
    program_to_json,
)
from rft.sandboxes.http.transport import NoJsonError, Transport, complaint
from rft.types import JSON, Examination, Execution, Limits, Program

CONCURRENCY = 8
"""Calls at a time to a server that does not say how many it likes."""
PROBE_S = 5.0
LONGEST_PAUSE_S = 8.0

T = TypeVar("T")


@dataclass
class HttpSandbox:
    """Runs programs on one or several servers. Thread-safe."""

    endpoints: str | Sequence[str]
    """Addresses such as ``http://10.0.0.5:8080``; the paths of the protocol are put behind them."""
    token_env: str | None = None
    """Name of the environment variable that holds the bearer token; every server is sent the same."""
    concurrency: Count | None = None
    """Calls at a time per server; None: what an rft server offers, else 8."""
    tries: Count = 5
    """How often one call is made when the transport or the server fails."""
    pause_s: Annotated[float, Ge(0), Lt(math.inf)] = 0.25
    """Before the second try; twice as long before each further one."""
    patience_s: Annotated[float, Ge(0), Lt(math.inf)] = 60.0
    """How long a server that is busy, or an outage of all of them, is waited out."""
    wait_s: Annotated[float, Ge(0), Lt(math.inf)] = 90.0
    """What an answer may take beyond the time limit: the server's queue, the compiler, a loaded machine."""
    memory_limit: bool = False
    """Whether a foreign server is told the memory limit. It bounds the address space there, which node, compilers and
    numpy overstep without using it; so a right program may fail."""
    seed: int = 0
    """Of the jitter between two tries."""
    slots: int = field(default=0, init=False)
    has_exams: bool = field(default=False, init=False)
    backend: str = field(default="http", init=False)

    def __post_init__(self) -> None:
        """Asks every server once who it is.

        Raises:
            InputError: an address or the token cannot be used, or no server answers.
        """
        urls = [self.endpoints] if isinstance(self.endpoints, str) else list(self.endpoints)
        addresses = list(dict.fromkeys(_checked(url) for url in urls))
        if not addresses:
            raise InputError("sandbox http needs at least one address in 'endpoints'")
        self._rng = random.Random(self.seed)
        self._closing = threading.Event()
        known = [Endpoint(url, self.concurrency or CONCURRENCY) for url in addresses]
        self._transport = Transport(_token(self.token_env), n_connections=max(64, self.concurrency or 0))
        self._endpoints = Endpoints(known, self.patience_s)
        self._greet(known)
        self.slots = sum(endpoint.capacity for endpoint in known)
        self.has_exams = any(endpoint.exams for endpoint in known)
        self.backend = f"http: {', '.join(addresses)} (isolated as those servers do it)"

    def run(self, program: Program, limits: Limits) -> Execution:
        """Runs one program on the least busy server; see ``Sandbox.run``."""

        def once(endpoint: Endpoint) -> Execution:
            if endpoint.ours is None and (fault := self._probe(endpoint)):
                raise fault
            if not endpoint.ours:
                return self._run_foreign(endpoint, program, limits)
            body = {"program": program_to_json(program), "limits": limits_to_json(limits)}
            answer = self._post(endpoint, "/rft/run", body, limits)
            return _understood(endpoint, answer, lambda: _from(endpoint, execution_from_json(answer)))

        return self._persist(once, lambda endpoint: True)

    def examine(self, candidate: Program, exam: JSON, limits: Limits) -> Examination:
        """Examines a candidate on an rft server; see ``Sandbox.examine``."""
        if not self.has_exams:
            raise SandboxError("none of these servers has a second process for tests; only `rft sandbox serve` has")
        body = {"candidate": program_to_json(candidate), "exam": exam, "limits": limits_to_json(limits)}

        def once(endpoint: Endpoint) -> Examination:
            answer = self._post(endpoint, "/rft/examine", body, limits)
            found = _understood(endpoint, answer, lambda: examination_from_json(answer))
            return replace(found, candidate=_from(endpoint, found.candidate), tester=_from(endpoint, found.tester))

        return self._persist(once, lambda endpoint: endpoint.exams)

    def alone(self) -> AbstractContextManager[None]:
        """Holds back this client's other calls; it cannot hold back what other clients run on those servers."""
        return self._endpoints.alone()

    def close(self) -> None:
        """Ends the waiting of every thread and closes the connections."""
        self._closing.set()
        self._endpoints.close()
        self._transport.close()

    def _run_foreign(self, endpoint: Endpoint, program: Program, limits: Limits) -> Execution:
        if archive.is_packed(program.source):
            raise InputError(f"{endpoint.url} takes programs of one file only; this one needs `rft sandbox serve`")
        body = fusion.request_of(program, limits, self.memory_limit)
        answer = self._post(endpoint, "/run_code", body, limits)
        result = _understood(endpoint, answer, lambda: fusion.execution_of(answer, limits))
        if isinstance(result, str):
            raise EndpointError(f"{endpoint.url}: {result}", counts=False)
        return result

    def _post(self, endpoint: Endpoint, path: str, body: JSON, limits: Limits) -> JSON:
        deadline_s = limits.wall_s + self.wait_s
        # In JSON one byte of output may take six, and a foreign server keeps its own 1 MiB of each stream.
        most = 12 * max(limits.output_kib * 1024, fusion.OUTPUT_CAP) + 1024 * 1024
        status, answer = self._transport.send("POST", endpoint.url + path, body, deadline_s, most)
        if status != 200:
            raise complaint(endpoint.url + path, status, answer)
        return answer

    def _persist(self, once: Callable[[Endpoint], T], usable: Callable[[Endpoint], bool]) -> T:
        """Returns what ``once`` returns, tried again with growing pauses while that can help."""
        began, faults, waits = time.monotonic(), 0, 0
        last: Endpoint | None = None
        while True:
            try:
                with self._endpoints.one(usable, avoid=last) as last:
                    return once(last)
            except EndpointError as fault:
                faults += 1
                if faults == self.tries:
                    raise SandboxError(f"{fault} (tried {faults} times)") from fault
                pause = self._pause(faults)
            except BusyError as busy:
                waits += 1
                pause = max(busy.after_s, self._pause(waits))
                if time.monotonic() + pause - began > self.patience_s:
                    raise SandboxError(f"{busy} for longer than {self.patience_s:g} s") from busy
            if self._closing.wait(pause * self._rng.uniform(0.75, 1.25)):
                raise SandboxError("the sandbox was closed")

    def _pause(self, n: int) -> float:
        return min(self.pause_s * 2.0 ** min(n - 1, 16), LONGEST_PAUSE_S)

    def _greet(self, known: list[Endpoint]) -> None:
        """Learns which servers are ours, and how many calls those take; all are asked at the same time."""
        with ThreadPoolExecutor(min(len(known), 16)) as threads:
            faults = [fault for fault in threads.map(self._probe, known) if fault is not None]
        if len(faults) == len(known):
            raise InputError(
                f"no sandbox server answers: {faults[0]}; start one with `rft sandbox serve`, or correct 'endpoints'"
            )

    def _probe(self, endpoint: Endpoint) -> EndpointError | None:
        try:
            status, answer = self._transport.send("GET", f"{endpoint.url}/rft/health", None, PROBE_S, 64 * 1024)
        except NoJsonError:  # a web page for every address: not an rft server
            status, answer = 404, None
        except EndpointError as fault:
            return fault
        except BusyError:
            return None
        if status in (401, 403):
            raise complaint(endpoint.url, status, answer)
        endpoint.ours = status == 200 and isinstance(answer, dict) and "rft" in answer
        if endpoint.ours:
            self._welcome(endpoint, answer)
        return None

    def _welcome(self, endpoint: Endpoint, health: dict[str, JSON]) -> None:
        if health.get("protocol") != PROTOCOL:
            theirs = f"{health.get('protocol')!r} (rft {health.get('rft')!r})"
            raise InputError(f"{endpoint.url} speaks protocol {theirs}, we speak {PROTOCOL}; install the same release")
        endpoint.exams = health.get("exams") is True
        slots = health.get("slots")
        if self.concurrency is None and isinstance(slots, int) and 0 < slots <= 4096:
            endpoint.capacity = slots


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is not a number
        usable = False
    if not usable:
        raise InputError(f"'{url}' is not an address of a sandbox server; one looks like http://127.0.0.1:8080")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError("an address holds no user, password or query; a token goes into the variable of 'token_env'")
    return url.rstrip("/")


def _token(name: str | None) -> str | None:
    if name is None:
        return None
    token = os.environ.get(name, "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise InputError(f"the environment variable {name} (token_env) is unset, empty or not plain ASCII")
    return token


def _understood(endpoint: Endpoint, answer: JSON, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise EndpointError(f"{endpoint.url}: malformed answer: {error}") from error


def _from(endpoint: Endpoint, execution: Execution) -> Execution:
    return replace(execution, backend=f"http:{execution.backend}")
