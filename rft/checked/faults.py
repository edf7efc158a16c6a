"""Sentences for what a component did wrong."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rft.errors import RftError, raised, short

MACHINE_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
"""Errors of the machine, whoever meets them: they pass as they are."""


@contextmanager
def blaming(who: str, as_error: type[RftError], not_theirs: Sequence[BaseException] = ()) -> Iterator[None]:
    """Turns what a component raises into one of our errors, with the place where it was raised.

    Args:
        who: e.g. ``sampler 'mine:Mine'``.
        as_error: raised instead.
        not_theirs: errors that only pass through the component.

    Raises:
        RftError: of class ``as_error``; one that the component raises itself passes as it is.
    """
    try:
        yield
    except RftError:
        raise
    except Exception as error:  # a third party's code may raise anything
        machine = isinstance(error, OSError) and error.errno in MACHINE_FAULTS
        if machine or any(error is other for other in not_theirs):
            raise
        raise as_error(f"{who} failed: {raised(error)}") from error


def a_kind(value: object) -> str:
    """Returns what kind of thing a value is.

    >>> a_kind({}), a_kind(3), a_kind(None)
    ('a dict', 'an int', 'None')
    """
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def iterated(values: Any, who: str, method: str, as_error: type[RftError]) -> Iterator[Any]:
    """Returns an iterator over what a method gave.

    Raises:
        RftError: of class ``as_error``; it gave nothing that can be iterated.
    """
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise as_error(f"{who}: {method} returned {a_kind(values)}; an iterator is wanted, e.g. by writing yield")
    return iter(values)


def wrong_field(record: object, rules: Sequence[tuple[str, tuple[type, ...]]]) -> str | None:
    """Returns what is wrong with the fields of a record, or None.

    Args:
        record: e.g. a Sample.
        rules: (name of a field, the types that it may have).
    """
    for name, kinds in rules:
        value = getattr(record, name)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
            return f"its {name} is {short(repr(value), 60)} ({a_kind(value)}); {wanted} is wanted"
    return None
