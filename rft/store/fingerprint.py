"""A short hash of what a stage was made from; how a change of its inputs is seen."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rft.store.streams import in_batches
from rft.types import JSON


@dataclass(frozen=True, slots=True)
class LongList:
    """A JSON array for ``fingerprint`` whose elements are made one by one, so that it is never held as a whole."""

    elements: Callable[[], Iterable[JSON]]


def fingerprint(*parts: JSON | LongList) -> str:
    """Returns a short hash of JSON values; a stage is done again when that of its inputs changes.

    >>> fingerprint("a", [1, {"b": None}]) == fingerprint("a", LongList(lambda: iter([1, {"b": None}])))
    True
    >>> fingerprint([]) == fingerprint(LongList(lambda: iter([])))
    True
    """
    digest = hashlib.sha256(b"[")
    for number, part in enumerate(parts):
        digest.update(b", " if number else b"")
        if isinstance(part, LongList):
            for text in _pieces(part.elements()):
                digest.update(text.encode())
        else:
            digest.update(_canonical(part).encode())
    digest.update(b"]")
    return digest.hexdigest()[:16]


def _pieces(elements: Iterable[JSON]) -> Iterator[str]:
    """The canonical text of an array in pieces."""
    before = "["
    for some in in_batches(elements, 1024):
        yield before + _canonical(some)[1:-1]
        before = ", "
    yield "]" if before == ", " else "[]"


def _canonical(value: JSON) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
