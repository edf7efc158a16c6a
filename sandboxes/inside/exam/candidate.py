"""The candidate's side of an examination: loads the code as a module and does what the tester asks, until it hangs up.

Nothing here is trusted: the code it loads owns this process and may answer for it. The messages (see ``wire.wire`` for
the frames, ``plain`` for the values):

    first    {"ready": true} | {"error": name, "message": text, "stage": "load", "missing": bool}
    asked    {"call": "f" | "Solution.f" | handle, "args": […], "kwargs": {…}, "in_place": bool}
             {"get": name}                                  a global of the module
             {"op": name, "on": path | handle, "args": […]}   an operation of ``wire.ops``, or "exit"
             each with "drop": [handles that the tester holds no more]
    answer   {"value": …[, "args": […]]} | {"error": name, "message": text[, "mro": […], "args": […], "origin": n]}
    between  {"callback": n, "args": […], "kwargs": {…}} or {"callback": n, "next": true}, answered in the same way
"""

import socket
import sys
import types
from _thread import RLock
from collections.abc import Callable
from typing import Any

from rft.sandboxes.inside.exam.wire.errors import ErrorClasses, describe, rebuild
from rft.sandboxes.inside.exam.wire.ops import OPERATIONS, OPTIONAL
from rft.sandboxes.inside.exam.wire.plain import JSON, base_of, decode, encode
from rft.sandboxes.inside.exam.wire.wire import Wire

MODULE = "candidate"
MUTABLE = (list, dict, set, bytearray)


def serve(payload: dict[str, JSON], rpc: socket.socket) -> None:
    """Loads ``payload["source"]`` and answers on the socket until its other end is closed.

    Args:
        payload: "source", and "entry_point": the name that has to be there ("f", "Solution.f"), or None.
        rpc: connected to the tester.
    """
    server = _Server(Wire(rpc))
    try:
        server.load(payload["source"], payload.get("entry_point"))
        server.run()
    except EOFError:
        return


class _MissingEntryError(Exception):
    """The code does not define its entry point."""


class _Server:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._module = types.ModuleType(MODULE)
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._callbacks: dict[int, Any] = {}
        self._next = 0
        self._methods: dict[type, str] = {}
        self._classes = ErrorClasses()
        self._turn = RLock()  # threads of the candidate may call back while its main thread is at work

    def load(self, source: str, entry_point: str | None) -> None:
        sys.modules[MODULE] = self._module
        self._module.__dict__["__file__"] = "<candidate>"
        try:
            exec(compile(source, "<candidate>", "exec", dont_inherit=True), self._module.__dict__)
            if entry_point is not None:
                self._resolve(entry_point, instantiate=False)
        except BaseException as error:
            told = describe(error, self._encode)
            self._wire.send({**told, "stage": "load", "missing": isinstance(error, _MissingEntryError)})
            raise EOFError from None
        self._wire.send({"ready": True})

    def run(self) -> None:
        with self._turn:
            request = self._wire.receive()
        while True:
            answer = self.answer(request)
            with self._turn:
                self._wire.send(answer)
                request = self._wire.receive()

    def answer(self, request: dict[str, JSON]) -> dict[str, JSON]:
        """Does what is asked; whatever the candidate's code raises meanwhile is the answer."""
        try:
            for number in request.pop("drop", ()):
                self._numbers.pop(id(self._objects.pop(number, None)), None)
            if "call" in request:
                return self._call(request)
            if "get" in request:
                return {"value": self._encode(self._global(request["get"]))}
            return {"value": self._operate(request)}
        except _TesterGoneError:
            raise
        except BaseException as error:
            return self._tell(error)

    def _call(self, request: dict[str, JSON]) -> dict[str, JSON]:
        target = self._target(request["call"])
        args = [self._decode(item) for item in request["args"]]
        kwargs = {name: self._decode(item) for name, item in request["kwargs"].items()}
        value = target(*args, **kwargs)
        made = isinstance(target, type) and getattr(target, "__module__", None) == MODULE
        answer = {"value": self.lend_object(value) if made else self._encode(value)}
        if request.get("in_place"):
            answer["args"] = [self._encode(item) if isinstance(item, MUTABLE) else None for item in args]
        return answer

    def _operate(self, request: dict[str, JSON]) -> JSON:
        name, target = request["op"], self._target(request["on"])
        args = [self._decode(item) for item in request["args"]]
        if name == "exit":
            return self._exit(target, request.get("raised"))
        if name == "await":
            import asyncio

            return self._encode(asyncio.run(target))
        return self._encode(OPERATIONS[name](target, *args))

    def _exit(self, target: Any, raised: dict[str, JSON] | None) -> bool:
        error = None if raised is None else self._error(raised)
        return bool(type(target).__exit__(target, type(error) if error else None, error, None))

    def _target(self, on: str | int) -> Any:
        return self._resolve(on) if isinstance(on, str) else self._objects[on]

    def _resolve(self, path: str, instantiate: bool = True) -> Any:
        first, *rest = path.replace("()", "").split(".")
        found = self._global(first)
        for name in rest:
            try:
                if isinstance(found, type) and isinstance(vars(found).get(name), types.FunctionType) and instantiate:
                    found = found()
                found = getattr(found, name)
            except AttributeError:
                raise _MissingEntryError(f"{path} is not defined") from None
        return found

    def _global(self, name: str) -> Any:
        try:
            return self._module.__dict__[name]
        except KeyError:
            raise _MissingEntryError(f"{name} is not defined") from None

    def _encode(self, value: object) -> JSON:
        return encode(value, self._lend)

    def _decode(self, data: JSON) -> Any:
        return decode(data, self._take)

    def _lend(self, value: object) -> JSON:
        if isinstance(value, (_Callback, _Iterator)):
            return {"$callback": value.number}
        if isinstance(value, types.ModuleType):
            raise ValueError("a module cannot be passed")
        if id(value) not in self._numbers and base_of(type(value)) is not None:
            return None
        return self.lend_object(value)

    def lend_object(self, value: Any) -> JSON:
        """The handle of an object; one of an exact built-in type goes as it is."""
        kind = type(value)
        if (kind.__module__ == "builtins" and base_of(kind) is not None) or value is None:
            return self._encode(value)
        number = self._numbers.get(id(value))
        if number is None:
            number = self._next
            self._next += 1
            self._objects[number] = value
            self._numbers[id(value)] = number
        handle = {"$handle": number, "class": kind.__name__, "has": self._has(kind)}
        if isinstance(value, type) and issubclass(value, BaseException):
            handle["mro"] = [base.__name__ for base in value.__mro__ if base is not object]
        elif isinstance(value, types.GeneratorType):
            handle["kind"] = "generator"
        elif isinstance(value, types.CoroutineType):
            handle["kind"] = "coroutine"
        return handle

    def _has(self, kind: type) -> str:
        if kind not in self._methods:
            names = [name for name in OPTIONAL if hasattr(kind, f"__{name}__")]
            names += [name for name in ("call", "exit") if hasattr(kind, f"__{name}__")]
            self._methods[kind] = " ".join(names)
        return self._methods[kind]

    def _take(self, data: dict[str, JSON]) -> Any:
        if "$handle" in data:
            return self._objects[data["$handle"]]
        number = data["$callback"]
        if number not in self._callbacks:
            self._callbacks[number] = (_Iterator if data.get("iterator") else _Callback)(self.call_back, number)
        return self._callbacks[number]

    def call_back(self, number: int, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Asks the tester in the middle of a call; until it answers, it may ask for more."""
        request: dict[str, JSON] = {"callback": number, "next": True}
        if kwargs is not None:
            given = {name: self._encode(item) for name, item in kwargs.items()}
            request = {"callback": number, "args": [self._encode(item) for item in args], "kwargs": given}
        try:
            with self._turn:
                self._wire.send(request)
                while "value" not in (answer := self._wire.receive()) and "error" not in answer:
                    self._wire.send(self.answer(answer))
        except EOFError as error:
            raise _TesterGoneError from error
        if "error" in answer:
            raise self._error(answer)
        return self._decode(answer["value"])

    def _error(self, told: dict[str, JSON]) -> Exception:
        error = rebuild(told, self._classes, decode(told["args"]) if "args" in told else None)
        error.__dict__["origin"] = told.get("origin")
        return error

    def _tell(self, error: BaseException) -> dict[str, JSON]:
        told = {**describe(error, self._encode), "stage": "call"}
        if isinstance(error, _MissingEntryError):
            told |= {"error": "NameError", "mro": ["NameError", "Exception"], "missing": True}
        origin = getattr(error, "__dict__", {}).get("origin")
        return told if origin is None else {**told, "origin": origin}


class _TesterGoneError(EOFError):
    """The tester is gone."""


class _Callback:
    """A function of the tests."""

    def __init__(self, call_back: Callable[..., Any], number: int) -> None:
        self._call_back = call_back
        self.number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call_back(self.number, args, kwargs)


class _Iterator(_Callback):
    """An iterator of the tests."""

    def __iter__(self) -> "_Iterator":
        return self

    def __next__(self) -> Any:
        return self._call_back(self.number)
