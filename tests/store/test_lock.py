"""The lock of a run: one live process, and a dead one's is free."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.store.lock import Lock

HOLD = """
import sys, time
from pathlib import Path
from rft.store.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_file_system_without_locks_is_said_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(InputError, match=r"the file system of .* has no locks .*--no-lock"):
        Lock(tmp_path / "run" / "lock").acquire()


def test_a_live_holder_is_named_and_a_dead_one_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "run" / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=f"in use by process {holder.pid} on host"):
        Lock(path).acquire()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    lock = Lock(path)
    lock.acquire()
    lock.release()
