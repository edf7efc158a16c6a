"""One process at a time works on a run. The kernel drops the lock when its holder dies, so none is ever stale."""

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import IO

from rft.errors import InputError
from rft.store.files import disk_error


class Lock:
    """An exclusive lock on a run directory, held until ``release`` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            InputError: a live process holds it (its pid and host are named), or the file system has no locks.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise disk_error(error, self.path) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = {"pid": "?", "host": "?", "since": "?"} | _read(file.read())
            file.close()
            raise InputError(
                f"run {self.path.parent} is in use by process {holder['pid']} on host {holder['host']} "
                f"since {holder['since']}; wait for it, or end it"
            ) from error
        except OSError as error:  # ENOLCK, EOPNOTSUPP: some network file systems
            file.close()
            raise InputError(
                f"the file system of {self.path.parent} has no locks ({error.strerror or error}); put the run on "
                "another, or use --no-lock and make sure that only one process at a time works on it"
            ) from error
        file.truncate(0)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, file)
        file.flush()
        self._file = file

    def release(self) -> None:
        """Gives the lock back. Safe to call twice."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _read(text: str) -> dict[str, object]:
    try:
        loaded = json.loads(text)
    except ValueError:  # the holder is writing it right now
        return {}
    return loaded if isinstance(loaded, dict) else {}
