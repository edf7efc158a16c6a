"""A bounded memory of what was last made."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Values by key, the latest so many. Thread-safe; two threads may make the same one."""

    def __init__(self, at_most: int, lasts: Callable[[T], bool] = lambda value: True) -> None:
        self._at_most, self._lasts = at_most, lasts
        self._known: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Returns the value of a key, made now if it is not known; one that does not last is not kept."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        value = make()
        if self._lasts(value):
            with self._lock:
                self._known[key] = value
                while len(self._known) > self._at_most:
                    self._known.popitem(last=False)
        return value
