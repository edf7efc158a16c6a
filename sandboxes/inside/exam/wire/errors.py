"""Exceptions across the socket: they travel by name and text, and arrive as the built-in class of that name."""

import builtins
from collections.abc import Callable
from typing import Any

JSON = Any
KNOWN: dict[str, type[Exception]] = {
    name: item for name, item in vars(builtins).items() if isinstance(item, type) and issubclass(item, Exception)
}
FATAL = frozenset({"BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseExceptionGroup"})
MAX_MESSAGE = 2_000
MAX_NAMES = 20


class CandidateError(Exception):
    """An exception of the candidate that is of no built-in class: ``type(error).__name__`` is its name."""


class CandidateAssertionError(AssertionError):
    """The candidate's own ``assert`` failed, which is not a failed check."""


class ErrorClasses:
    """Makes local exception classes for the candidate's, one per name and base, so that ``except`` works by class."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], type[Exception]] = {}

    def of(self, names: list[str]) -> type[Exception]:
        """The class for a list of names, the most derived first, built-in ones last.

        Raises:
            ValueError: there are no such names.
        """
        names = [name[:100] for name in names_of({"mro": names}) if name not in ("BaseException", "object")]
        if not names:
            return CandidateError
        if names[0] == "AssertionError":
            return CandidateAssertionError
        if names[0] in KNOWN:
            return KNOWN[names[0]]
        key = tuple(names)
        if key not in self._made:
            if len(self._made) > 1_000:
                raise ValueError("too many classes of exceptions")
            base = self.of(names[1:]) if names[1:] else CandidateError
            bases = (base,) if issubclass(base, CandidateError) else (CandidateError, base)
            self._made[key] = type(names[0], bases, {"__module__": "candidate"})
        return self._made[key]


def describe(error: BaseException, encode: Callable[[object], JSON]) -> dict[str, JSON]:
    """Returns what is told of an exception; its arguments only where they are plain."""
    names = [kind.__name__ for kind in type(error).__mro__ if kind is not object][:MAX_NAMES]
    told: dict[str, JSON] = {"error": names[0], "message": text_of(error), "mro": names}
    try:
        arguments = encode(list(error.args)) if len(told["message"]) < MAX_MESSAGE else None
    except (ValueError, RecursionError):
        arguments = None
    if arguments is not None:
        told["args"] = arguments
    return told


def text_of(error: BaseException) -> str:
    """Returns the message of an exception, cut; never raises for what its class, or a candidate's argument, does."""
    try:
        text = str.__str__(str(error))
    except BaseException:  # a fault among them, which the link remembers
        return ""
    return text[:MAX_MESSAGE]


def names_of(told: dict[str, JSON]) -> list[str]:
    """The names of an exception's class and its bases, the most derived first.

    Raises:
        ValueError: it does not tell of an exception.
    """
    names = told.get("mro") or [told.get("error")]
    if type(names) is not list or len(names) > MAX_NAMES or any(type(name) is not str for name in names):
        raise ValueError("an exception without a name")
    return names


def is_fatal(names: list[str]) -> bool:
    """Whether an exception is one that no test may catch: an exit, an interrupt, a class beside ``Exception``."""
    return names[0] in FATAL or (len(names) > 1 and "Exception" not in names)


def rebuild(told: dict[str, JSON], classes: ErrorClasses, arguments: list[Any] | None) -> Exception:
    """Returns the local exception for what was told.

    Raises:
        ValueError: it does not tell of an exception.
    """
    message, chosen = told.get("message", ""), classes.of(names_of(told))
    if type(message) is not str:
        raise ValueError("an exception without a message")
    for given in (arguments, [message]):
        if given is None:
            continue
        try:
            return chosen(*given)
        except Exception:  # a class such as UnicodeDecodeError wants its own arguments
            continue
    named: type[CandidateError] = type(chosen.__name__, (CandidateError,), {"__module__": "candidate"})
    return named(message)
