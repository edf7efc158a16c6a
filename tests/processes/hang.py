"""A worker that does what its questions say: the workers' tests ask it to hang, to eat memory and to die."""

import os
import signal
import sys
import time
from collections.abc import Callable

from rft.processes.worker_main import serve
from rft.types import JSON


def make() -> Callable[[JSON], JSON]:
    print("noise on stdout while starting")
    return answer


def answer(question: JSON) -> JSON:
    action, *rest = question
    if action == "echo":
        return {"echo": rest, "pid": os.getpid()}
    if action == "sleep":
        time.sleep(rest[0])
    elif action == "hold the GIL":
        return len(str(pow(9, 9**9))) and None
    elif action == "eat":
        return len(bytearray(rest[0] << 20))
    elif action == "swallow":
        _swallow()
        return {"failed": True}
    elif action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "print":
        print("noise " * 10_000)
        sys.stdout.flush()
    return None


def _swallow() -> None:
    held = []
    try:
        while True:
            held.append(bytearray(8 << 20))
    except MemoryError:
        held.clear()


if __name__ == "__main__":
    serve(make)
