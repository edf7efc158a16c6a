"""Runs a harmless examination in a zygote before it forks anything.

What ran once has its caches filled, and a child that finds them filled writes, and so copies, fewer pages.
"""

import _thread
import socket
import sys

from rft.sandboxes.inside.exam import candidate, tester

TIMES = 10
CANDIDATE = "from typing import List\n\n\ndef f(xs: List[int]) -> List[int]:\n    return [x + 1 for x in xs]\n"
PROGRAM = "def check(candidate):\n    assert candidate([1, 2]) == [2, 3]\n    assert candidate([]) == []\ncheck(f)\n"


def rehearse() -> None:
    """Examines a solution a few times, both sides in this process; leaves no thread and no module behind."""
    before = set(sys.modules)
    for _ in range(TIMES):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            payload = {"source": CANDIDATE, "entry_point": "f"}
            done = _thread.allocate_lock()
            done.acquire()
            _thread.start_new_thread(_serve, (payload, theirs, done))
            tester.examine({"entry_point": "f", "program": PROGRAM}, ours)
            ours.shutdown(socket.SHUT_RDWR)
            done.acquire()
    for name in set(sys.modules) - before:
        del sys.modules[name]


def _serve(payload: dict[str, str], rpc: socket.socket, done: _thread.LockType) -> None:
    try:
        candidate.serve(payload, rpc)
    finally:
        done.release()
