"""Proxies for objects that stay in the candidate's process.

A proxy has the special methods that its object's class has, and each asks the candidate. It equals no plain value, and
whatever rests on an opinion of the object (comparison, truth, containment, arithmetic) is noted as forgeable.
"""

import types
from collections.abc import Callable, Generator
from typing import Any, Protocol
from weakref import WeakKeyDictionary, WeakValueDictionary

from rft.sandboxes.inside.exam.wire.errors import ErrorClasses
from rft.sandboxes.inside.exam.wire.ops import OPTIONAL
from rft.sandboxes.inside.exam.wire.plain import JSON

READABLE = frozenset(("__name__", "__qualname__", "__doc__", "__module__", "__dict__", "__annotations__"))
"""Special attributes that a test may read of a candidate's object."""
MAX_KINDS = 10_000
MAX_HANDLE = 1 << 53


class UnsupportedError(Exception):
    """The tests use something that cannot cross to the candidate."""


class Asks(Protocol):
    """What a proxy needs of the link to the candidate."""

    forgeable: bool
    dead: list[int]

    def call(self, target: str | int, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Calls what the candidate holds."""

    def operate(self, name: str, target: str | int, args: list[Any], **more: JSON) -> Any:
        """Does one operation on what the candidate holds."""

    def describe(self, error: BaseException) -> dict[str, JSON]:
        """What the candidate is told of an exception of the tests."""


class Proxy:
    """Stands for an object of the candidate; the base of the classes that ``Handles`` makes."""

    __slots__ = ("__weakref__", "rft_link_", "rft_target_")
    rft_link_: Asks
    rft_target_: str | int

    def __init__(self, link: Asks, target: str | int) -> None:
        object.__setattr__(self, "rft_link_", link)
        object.__setattr__(self, "rft_target_", target)

    def __eq__(self, other: object) -> bool:
        return self._compare("eq", other)

    def __ne__(self, other: object) -> bool:
        return self._compare("ne", other)

    def _compare(self, name: str, other: object) -> bool:
        self.rft_link_.forgeable = True
        if not isinstance(other, Proxy):
            return name == "ne"
        return bool(_ask(self, name, other))

    def __bool__(self) -> bool:
        return bool(_ask(self, "bool"))

    def __hash__(self) -> int:
        return int(_ask(self, "hash"))

    def __str__(self) -> str:
        return str(_ask(self, "str"))

    def __repr__(self) -> str:
        return str(_ask(self, "repr"))

    def __format__(self, spec: str) -> str:
        return str(_ask(self, "format", spec))

    def __dir__(self) -> Any:
        return _ask(self, "dir")

    def __getattr__(self, name: str) -> Any:
        if name[:2] == name[-2:] == "__" and name not in READABLE:
            raise AttributeError(name)  # protocols of the interpreter and of numpy: they may even name an address
        return _ask(self, "getattr", name)

    def __setattr__(self, name: str, value: object) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __copy__(self) -> Any:
        return _ask(self, "copy")

    def __deepcopy__(self, memo: object) -> Any:
        return _ask(self, "deepcopy")

    def __instancecheck__(self, other: object) -> bool:
        return bool(_ask(self, "instancecheck", other))

    def __subclasscheck__(self, other: object) -> bool:
        return bool(_ask(self, "subclasscheck", other))

    def __mro_entries__(self, bases: object) -> Any:
        raise UnsupportedError("the tests derive from a class of the candidate")

    def __reduce_ex__(self, protocol: object) -> Any:
        raise UnsupportedError("the tests pickle an object of the candidate")

    def __del__(self) -> None:
        # Nothing is sent from here: an exchange may be going on. The next request carries it.
        if type(self.rft_target_) is int:
            self.rft_link_.dead.append(self.rft_target_)


def _ask(proxy: Proxy, name: str, *args: object) -> Any:
    return proxy.rft_link_.operate(name, proxy.rft_target_, list(args))


def _call(self: Proxy, /, *args: Any, **kwargs: Any) -> Any:
    return self.rft_link_.call(self.rft_target_, list(args), kwargs)


def _exit(self: Proxy, kind: object, error: BaseException | None, trace: object) -> bool:
    raised = None if error is None else self.rft_link_.describe(error)
    swallowed = self.rft_link_.operate("exit", self.rft_target_, [], raised=raised) is True
    self.rft_link_.forgeable |= swallowed and raised is not None  # what the tests had still to say goes with it
    return swallowed


def _method(name: str) -> Callable[..., Any]:
    return lambda self, *args: _ask(self, name, *args)


METHODS: dict[str, Callable[..., Any]] = {name: _method(name) for name in OPTIONAL} | {"call": _call, "exit": _exit}


class Stub(Proxy):
    """Stands for a function or class of the candidate that goes by its name."""

    __slots__ = ()
    __call__ = _call


class Handles:
    """Makes what stands for the handles that arrive: one proxy per object, one class per name and set of methods."""

    def __init__(self, link: Asks) -> None:
        self._link = link
        self.errors = ErrorClasses()
        self._kinds: dict[tuple[str, str], type[Proxy]] = {}
        self._proxies: WeakValueDictionary[int, Proxy] = WeakValueDictionary()
        self._generators: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def take(self, data: dict[str, JSON]) -> Any:
        """Returns what stands for ``{"$handle": n, "class": name, "has": "methods", "kind": …}``.

        Raises:
            ValueError: no honest candidate sends this.
        """
        number, name, has = data["$handle"], data.get("class", "object"), data.get("has")
        if type(number) is not int or not 0 <= number < MAX_HANDLE or type(name) is not str or len(name) > 100:
            raise ValueError("a handle that is none")
        if "mro" in data:
            return self.errors.of(data["mro"])
        if data.get("kind") == "generator":
            generator = _generate(self._link, number)
            self._generators[generator] = number
            return generator
        if data.get("kind") == "coroutine":
            return _await(self._link, number)
        proxy = self._proxies.get(number)
        if proxy is None:
            proxy = self._proxies[number] = self._kind(name, has)(self._link, number)
        return proxy

    def give(self, value: object) -> JSON:
        """The handle of what stands for an object of the candidate, else None."""
        if isinstance(value, Proxy):
            return {"$handle": value.rft_target_}
        if type(value) is types.GeneratorType and value in self._generators:
            return {"$handle": self._generators[value]}
        return None

    def unused(self) -> list[int]:
        """Takes the handles that no proxy stands for any more."""
        taken = [self._link.dead.pop() for _ in range(len(self._link.dead))]
        return [number for number in taken if number not in self._proxies]

    def _kind(self, name: str, has: JSON) -> type[Proxy]:
        if (has is not None and (type(has) is not str or len(has) > 2000)) or "\0" in name:
            raise ValueError("a handle that is none")
        key = (name, has or "")
        if key not in self._kinds:
            if len(self._kinds) >= MAX_KINDS:
                raise ValueError("too many classes")
            wanted = METHODS if has is None else has.split()
            methods = {f"__{op}__": METHODS[op] for op in wanted if op in METHODS}
            self._kinds[key] = type(name, (Proxy,), {"__slots__": (), "__module__": "candidate", **methods})
        return self._kinds[key]


def _generate(link: Asks, number: int) -> Generator[Any, Any, Any]:
    """A real generator, so that tests which look for one find it. Its end is not told: it may come at any moment."""
    sent = None
    while True:
        try:
            value = link.operate("next", number, []) if sent is None else link.operate("send", number, [sent])
        except StopIteration as stop:
            return stop.value
        sent = yield value


async def _await(link: Asks, number: int) -> Any:
    return link.operate("await", number, [])
