"""What the tests give into the candidate's hands: functions and iterators to call, arguments to change."""

from collections.abc import Iterator
from typing import Any

from rft.sandboxes.inside.exam.wire.plain import JSON

MAX_LENT = 100_000


class Lent:
    """Functions and iterators of the tests, by number. Nothing else of them can be reached: no attribute, no state."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._numbers: dict[int, int] = {}

    def lend(self, value: Any) -> JSON:
        """Returns what travels for a function or an iterator, the same for the same one.

        Raises:
            ValueError: it is neither, or there are too many.
        """
        iterates = isinstance(value, Iterator)
        if not iterates and (not callable(value) or isinstance(value, type)):
            raise ValueError(f"a {type(value).__name__} of the tests cannot be passed")
        number = self._numbers.setdefault(id(value), len(self._items))
        if number >= MAX_LENT:
            raise ValueError("too many functions were passed")
        if number == len(self._items):
            self._items.append(value)
        return {"$callback": number, "iterator": True} if iterates else {"$callback": number}

    def find(self, number: JSON) -> Any:
        """Returns what was lent under a number.

        Raises:
            ValueError: nothing was.
        """
        if type(number) is not int or not 0 <= number < len(self._items):
            raise ValueError("a callback that was never lent")
        return self._items[number]


def overwrite(old: Any, new: Any) -> None:
    """Gives a mutable argument the content that the candidate left in it, level by level so that aliases follow."""
    kind = type(old)
    if kind is not type(new):
        return
    if kind is list and len(old) == len(new):
        for i, item in enumerate(new):
            if type(item) in (list, dict, set) and type(item) is type(old[i]):
                overwrite(old[i], item)
            else:
                old[i] = item
    elif kind in (list, bytearray):
        old[:] = new
    elif kind is dict:
        kept = {key: old[key] for key in new if key in old}
        old.clear()
        old.update(new)
        for key, item in kept.items():
            if type(item) in (list, dict, set) and type(item) is type(new[key]):
                overwrite(item, new[key])
                old[key] = item
    elif kind is set:
        old.clear()
        old.update(new)
