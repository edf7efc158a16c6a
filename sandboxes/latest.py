"""A bounded memory of what was used last: compiled programs, references that were read, solutions that were run."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Values by key; those that were used least lately make room for others. Thread-safe."""

    def __init__(self, most: int, weigh: Callable[[T], int] = lambda value: 1) -> None:
        """Holds nothing yet.

        Args:
            most: what the values may weigh together.
            weigh: a value's weight, e.g. ``len`` for bytes; by default values are counted.
        """
        self._left, self._weigh = most, weigh
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Returns the value of a key; None where there is none."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keeps a value, as long as there is room."""
        with self._lock:
            if key in self._kept:
                self._left += self._weigh(self._kept.pop(key))
            self._kept[key] = value
            self._left -= self._weigh(value)
            while self._left < 0:
                self._left += self._weigh(self._kept.popitem(last=False)[1])

    def get_or_make(self, key: Hashable, make: Callable[[], T], lasts: Callable[[T], bool] = lambda value: True) -> T:
        """Returns the value of a key, made now if it is not there. Two threads may make the same one.

        Args:
            key: of the value.
            make: makes it.
            lasts: whether a value that was made is kept.
        """
        if (kept := self.get(key)) is not None:
            return kept
        value = make()
        if lasts(value):
            self.put(key, value)
        return value
