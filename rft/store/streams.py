"""Streams of items: in batches, and with the next item made in a thread while the present one is used."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar, cast

T = TypeVar("T")
_END = object()


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yields the items in lists of ``size``, the last one shorter.

    >>> list(in_batches("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def one_ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """Yields the items; at most one is made before it is asked for.

    Two cores are used where making or using an item leaves the interpreter alone, as DuckDB and Parquet do. An error
    comes where its item would have come. When this iterator is closed, ``items`` is.
    """
    rest = iter(items)
    with ThreadPoolExecutor(1, "one ahead") as thread:
        following = thread.submit(next, rest, _END)
        try:
            while (item := following.result()) is not _END:
                following = thread.submit(next, rest, _END)
                yield cast(T, item)
        finally:
            if not following.cancel():
                wait([following])
            if isinstance(rest, Generator):
                rest.close()
