"""The tester's end of the socket: asks the candidate, keeps account, and holds on to the first fault."""

from _thread import RLock
from typing import Any

from rft.sandboxes.inside.exam.counting import Checks
from rft.sandboxes.inside.exam.handles import Handles, UnsupportedError
from rft.sandboxes.inside.exam.lent import Lent, overwrite
from rft.sandboxes.inside.exam.wire.errors import describe, is_fatal, names_of, rebuild, text_of
from rft.sandboxes.inside.exam.wire.ops import EXACT, FORGING
from rft.sandboxes.inside.exam.wire.plain import JSON, base_of, decode, encode
from rft.sandboxes.inside.exam.wire.wire import ProtocolError, Wire

MAX_NESTED = 50
MAX_DECODING = 3
"""Exchanges within the decoding of an answer: a set of the candidate's objects has to ask for their hashes."""
MAX_ORIGINS = 10_000
"""How many exceptions of the tests' own functions are remembered, to come back as themselves."""
UNASKED = "a message came that nobody asked for"


class CandidateLostError(BaseException):
    """The candidate is gone or broke the rules; nothing more can be asked. No ``except Exception`` catches it."""

    def __init__(self, kind: str, error: str, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.error, self.detail = kind, error, detail


class _RaisedError(Exception):
    """Carries the exception that an answer tells of past the handlers of broken answers."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class CandidateLink:
    """Asks the candidate. One request at a time; after a fault every further one raises it again."""

    def __init__(self, wire: Wire, checks: Checks, in_place: bool = False) -> None:
        self.checks = checks
        self.in_place = in_place
        self.asked = 0
        self.objects = 0
        self.forgeable = False
        self.missing: set[str] = set()
        self.fault: CandidateLostError | None = None
        self.dead: list[int] = []
        self._wire = wire
        self._handles = Handles(self)
        self._lent = Lent()
        self._origins: list[BaseException] = []
        self._decoding = 0
        self._turn = RLock()  # tests may call from several threads

    def open(self) -> None:
        """Waits until the candidate is loaded.

        Raises:
            CandidateLostError: it could not be, or its entry point is missing.
        """
        try:
            first = self._wire.receive()
        except ProtocolError as error:
            raise self._broken("protocol", "ProtocolError", str(error)) from None
        except EOFError as error:
            raise self._broken("load", "EOFError", str(error)) from None
        if first.get("ready") is True:
            return
        name, text, missing = first.get("error"), first.get("message", ""), first.get("missing")
        if type(name) is not str or type(text) is not str:
            raise self._broken("protocol", "ProtocolError", "the first message is neither ready nor an error")
        raise self._broken("missing" if missing is True else "load", name[:100], text[:2000])

    def call(self, target: str | int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Calls a function of the candidate and returns its result.

        Raises:
            Exception: what it raised, as a local class.
            CandidateLostError: there is no answer.
            UnsupportedError: an argument cannot be passed.
        """
        named = dict(zip(kwargs, self._outward(list(kwargs.values())), strict=True))
        result = self.call_encoded(target, self._outward(args), named)
        for old, new in zip(args, result.get("args", ()), strict=False):
            overwrite(old, new)
        return result["value"]

    def call_encoded(self, target: str | int, args: list[JSON], kwargs: dict[str, JSON]) -> dict[str, Any]:
        """Does a call whose arguments are encoded already; returns "value" and, when in place, "args", decoded."""
        result = self._ask({"call": target, "args": args, "kwargs": kwargs, "in_place": self.in_place})
        changed = result.get("args", [])
        if type(changed) is not list or len(changed) != len(args) * self.in_place:
            raise self._broken("protocol", "ProtocolError", "arguments came back that were not sent")
        return result

    def get(self, name: str) -> Any:
        """Returns a global of the candidate's module.

        Raises:
            KeyError: it has none of that name that can be passed.
        """
        try:
            return self._ask({"get": name})["value"]
        except (NameError, ValueError):
            self.missing.add(name)
            raise KeyError(name) from None

    def operate(self, name: str, target: str | int, args: list[Any], **more: JSON) -> Any:
        """Does one operation on an object that the candidate holds."""
        self.objects += 1
        if name in FORGING:
            self.forgeable = True
        request = {"op": name, "on": target, "args": self._outward(args), **more}
        value = self._ask(request, iterating=name in ("next", "send"))["value"]
        if name in EXACT and type(value) is not EXACT[name]:
            raise TypeError(f"{name} of a candidate's object is a {type(value).__name__}")
        return value

    def finish(self) -> None:
        """Notes a message that nobody asked for."""
        if self.fault is None and self._wire.unread():
            self._broken("protocol", "ProtocolError", UNASKED)

    def describe(self, error: BaseException) -> dict[str, JSON]:
        """What the candidate is told of an exception in the tests' own code; it may let it come back."""
        told = describe(error, encode)
        if len(self._origins) < MAX_ORIGINS:
            self._origins.append(error)
            told["origin"] = len(self._origins) - 1
        return told

    def _outward(self, values: list[Any]) -> list[JSON]:
        try:
            return [encode(value, self._lend) for value in values]
        except (ValueError, RecursionError) as error:
            raise UnsupportedError(str(error)) from None

    def _ask(self, request: dict[str, JSON], iterating: bool = False) -> dict[str, Any]:
        with self._turn:
            return self._exchange(request, iterating)

    def _exchange(self, request: dict[str, JSON], iterating: bool) -> dict[str, Any]:
        if self._decoding > MAX_DECODING:
            raise self._broken("protocol", "ProtocolError", "objects within objects without an end")
        if self.fault is None and self._wire.unread():
            self._broken("protocol", "ProtocolError", UNASKED)
        if self.fault is not None:
            raise self.fault
        if self.dead:
            request["drop"] = self._handles.unused()
        self.asked += 1
        try:
            self._wire.send(request)
        except ValueError as error:
            raise UnsupportedError(str(error)) from None
        except EOFError as error:
            raise self._broken("raised", "EOFError", str(error)) from None
        try:
            return self._listen(iterating)
        except _RaisedError as raised:
            error_of_candidate = raised.error
        except ProtocolError as error:
            raise self._broken("protocol", "ProtocolError", str(error)) from None
        except EOFError as error:
            raise self._broken("raised", "EOFError", str(error)) from None
        except BaseException as error:
            # Out of memory or of stack in the middle of an exchange: what comes next would answer another question.
            raise self._broken("raised", type(error).__name__, "an exchange broke off") from error
        raise error_of_candidate

    def _listen(self, iterating: bool) -> dict[str, Any]:
        """Waits for an answer, running the tests' functions that the candidate calls meanwhile."""
        answer = self._wire.receive()
        while "callback" in answer:
            reply = self._run_lent(answer)
            try:
                self._wire.send(reply)
            except ValueError as too_large:
                self._wire.send(self.describe(too_large))
            answer = self._wire.receive()
        try:
            if "error" in answer:
                raise _RaisedError(self._exception(answer, iterating))
            return {name: self._decode(answer[name]) for name in ("value", "args") if name in answer or name == "value"}
        except (KeyError, ValueError, RecursionError) as error:
            raise ProtocolError(f"{type(error).__name__}: {error}") from None

    def _exception(self, told: dict[str, JSON], iterating: bool) -> BaseException:
        names, origin = names_of(told), told.get("origin")
        if is_fatal(names):
            return self._broken("raised", names[0][:100], str(told.get("message"))[:2000])
        if type(origin) is int and 0 <= origin < len(self._origins):
            error, own = self._origins[origin], True
        else:
            arguments = self._decode(told["args"]) if type(told.get("args")) is list else None
            error, own = rebuild(told, self._handles.errors, arguments), False
        if isinstance(error, (StopIteration, StopAsyncIteration)) and not iterating:
            # out of a plain call it would end the test's own loop: all(map(f, …)) would hold for what came before
            error, own = RuntimeError(f"{type(error).__name__}: {error}"), False
        if not own:
            error.__dict__["rft_candidate"] = True
        return error

    def _broken(self, kind: str, error: str, detail: str) -> CandidateLostError:
        if self.fault is None:
            self.fault = CandidateLostError(kind, error, detail)
        return self.fault

    def _run_lent(self, request: dict[str, JSON]) -> dict[str, JSON]:
        """Runs a function of the tests for the candidate. Checks in it do not count, but may fail."""
        if self.checks.muted >= MAX_NESTED:
            raise ProtocolError("callbacks are nested too deep")
        try:
            function = self._lent.find(request["callback"])
            args, kwargs = self._decode(request.get("args", [])), request.get("kwargs", {})
            if type(args) is not list or type(kwargs) is not dict:
                raise ValueError("a callback without arguments")
            kwargs = {name: self._decode(item) for name, item in kwargs.items()}
        except (ValueError, RecursionError) as error:
            raise ProtocolError(str(error)) from None
        self.checks.muted += 1
        try:
            value = next(function) if request.get("next") is True else function(*args, **kwargs)
            return {"value": encode(value, self._lend)}
        except Exception as error:
            if isinstance(error, AssertionError) and not getattr(error, "rft_candidate", False):
                self.checks.note(False, f"a test's own function: {text_of(error)}")  # the candidate may swallow it
            return self.describe(error)
        finally:
            self.checks.muted -= 1

    def _decode(self, data: JSON) -> Any:
        self._decoding += 1
        try:
            return decode(data, self._take)
        finally:
            self._decoding -= 1

    def _take(self, data: dict[str, JSON]) -> Any:
        return self._lent.find(data["$callback"]) if "$callback" in data else self._handles.take(data)

    def _lend(self, value: Any) -> JSON:
        handle = self._handles.give(value)
        return handle if handle is not None or base_of(type(value)) is not None else self._lent.lend(value)
