"""Runs one command and ends it, with all it started, as soon as whoever holds our stdin is gone.

A trainer must not go on with the GPUs when the run above it was killed (kill -9 included, which no handler sees). The
parent keeps the writing end of our stdin; the kernel closes it with the parent, whatever the parent died of. Started by
its path, with the standard library only:

    python -I leash.py COMMAND [ARGUMENT ...]

The parent starts us in a session of our own, so that Ctrl-C reaches the parent alone and one signal to the process
group reaches all. What this does not hold: a process that leaves its group on purpose.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 5.0
"""Between the polite signal and SIGKILL."""


def end_group(grace_s: float = GRACE_S) -> None:
    """Ends every process of our group, ourselves included."""
    os.killpg(0, signal.SIGTERM)
    time.sleep(grace_s)
    os.killpg(0, signal.SIGKILL)


def watch_stdin() -> None:
    """Waits until stdin closes, then ends the group."""
    while os.read(0, 4096):
        pass
    end_group()


def main(command: list[str]) -> int:
    """Runs the command and returns its exit status as a shell would (128 + n after signal n)."""
    # A handler, not SIG_IGN: handlers are reset in the command, ignored signals would stay ignored there.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]} cannot be started: {error}", file=sys.stderr, flush=True)
        return 127
    threading.Thread(target=watch_stdin, daemon=True).start()
    code = child.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    status = main(sys.argv[1:])
    os._exit(status)
