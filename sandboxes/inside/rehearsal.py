"""Runs a harmless examination in a zygote before it forks anything.

What ran once has its caches filled, and a child that finds them filled writes, and so copies, fewer pages.
"""

import socket
import sys
import threading

from rft.sandboxes.inside import candidate, tester

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
            other = threading.Thread(target=candidate.serve, args=(payload, theirs))
            other.start()
            tester.examine({"entry_point": "f", "program": PROGRAM}, ours)
            ours.shutdown(socket.SHUT_RDWR)
            other.join()
    for name in set(sys.modules) - before:
        del sys.modules[name]
