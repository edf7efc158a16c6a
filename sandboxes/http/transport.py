"""One HTTP exchange with a sandbox server that is trusted to answer, not to behave.

Isolates nothing; what it guards is this side: no redirect is followed (a token must not travel on), no compressed body
is unpacked, no more than a set number of bytes is read whatever the header promises, and a deadline holds for the whole
answer, however slowly it drips. Proxy settings of the environment are not used.
"""

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rft.errors import InputError, SandboxError
from rft.sandboxes.http.endpoints import BusyError, EndpointError
from rft.sandboxes.http.records import parse_json
from rft.types import JSON

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

CONNECT_S = 5.0
CHUNK = 64 * 1024
LONGEST_PAUSE_S = 30.0


class NoJsonError(EndpointError):
    """A status of 200 with something else than JSON."""


class Transport:
    """Sends requests and sorts what comes back. Thread-safe."""

    def __init__(self, token: str | None, n_connections: int) -> None:
        import ssl

        import urllib3

        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "rft"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._headers = headers
        # One pool per server, each as large as all of them need together: connections are only opened when used.
        self._pools = urllib3.PoolManager(
            num_pools=64, maxsize=n_connections, retries=False, ssl_context=ssl.create_default_context()
        )

    def send(self, method: str, url: str, body: JSON, deadline_s: float, most: int) -> tuple[int, JSON]:
        """Returns the status and the JSON body of an answer.

        Args:
            method: GET or POST.
            url: where to.
            body: sent as JSON; None sends nothing.
            deadline_s: seconds until the answer has to be here.
            most: bytes of the answer that are read at most.

        Raises:
            EndpointError: no connection, no answer in time or a torn one, not JSON, status 408, or 500 and above.
            BusyError: status 429.
        """
        import urllib3

        data = None if body is None else json.dumps(body).encode("ascii")
        headers = self._headers if data is None else {**self._headers, "Content-Type": "application/json"}
        ends = time.monotonic() + deadline_s
        response = None
        try:
            response = self._pools.request(
                method,
                url,
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(CONNECT_S, deadline_s), read=deadline_s),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            content = _read(response, ends, most)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EndpointError(f"{url}: {type(error).__name__}: {error}") from error
        finally:
            # Read to its end it is closed and its connection is free; else no later call may meet the rest of this one.
            if response is not None and not response.closed:
                response.close()
        return response.status, _sorted(url, response.status, response.headers, content)

    def close(self) -> None:
        """Closes the idle connections."""
        self._pools.clear()


def complaint(url: str, status: int, answer: JSON) -> Exception:
    """Returns what to raise for a status other than 200: an error of the user, or a server that cannot do this."""
    error = answer.get("error") if isinstance(answer, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    text = str(said or answer)[:500]
    if status in (401, 403):
        return InputError(f"{url} refused us (HTTP {status}); check the variable that token_env names")
    if status in (404, 405):
        return InputError(f"{url} is not there (HTTP {status}); is a sandbox server behind this address?")
    if isinstance(error, dict) and error.get("kind") == "input":
        return InputError(f"{url}: {text}")
    if status == 422 and _blames_language(answer):
        return InputError(f"{url} does not know this language: {text}")
    return SandboxError(f"{url} answered HTTP {status}: {text}")


def _blames_language(answer: JSON) -> bool:
    """Whether a FastAPI validation error points at the language of the request."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    places = [item.get("loc") for item in detail if isinstance(item, dict)] if isinstance(detail, list) else []
    return any(isinstance(place, list) and "language" in place for place in places)


def _read(response: "BaseHTTPResponse", ends: float, most: int) -> bytes:
    content = bytearray()
    while chunk := response.read1(CHUNK, decode_content=False):
        content += chunk
        if len(content) > most:
            raise TimeoutError(f"the answer is longer than {most} bytes")
        if time.monotonic() > ends:
            raise TimeoutError("the answer drips in too slowly")
    return bytes(content)


def _sorted(url: str, status: int, headers: Mapping[str, str], content: bytes) -> JSON:
    try:
        answer = parse_json(content)
    except ValueError as error:
        if status == 200:
            raise NoJsonError(f"{url}: no JSON in the answer: {error}") from error
        answer = content[:500].decode("utf-8", "replace")
    if status == 429:
        after = headers.get("Retry-After", "")
        # Seconds only: the other form, a date, would trust the server's clock.
        raise BusyError(f"{url} is busy", min(float(after) if after.isdecimal() else 1.0, LONGEST_PAUSE_S))
    if status >= 500 or status == 408:  # 408: our own request did not get there in time
        failed = isinstance(answer, dict) and isinstance(answer.get("error"), dict)
        clean_failure = failed and answer["error"].get("kind") == "sandbox"
        raise EndpointError(f"{url} answered HTTP {status}: {str(answer)[:500]}", counts=not clean_failure)
    return answer
