"""Threads in which verifiers work."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def verifying(n: int, patient: bool) -> Iterator[ThreadPoolExecutor]:
    """Threads that finish their work on a normal end, and drop what they have not begun on any other.

    Args:
        n: how many.
        patient: in that case too, wait for what has begun; else the caller ends what it uses.
    """
    pool = ThreadPoolExecutor(n, "verify")
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=patient, cancel_futures=True)
        raise
    pool.shutdown()
