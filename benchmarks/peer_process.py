"""Runs a peer grader behind a fence, one process each, and asks it questions.

What the fence gives: no network, every file system read-only but for a small temporary folder that vanishes with the
process, no view of other processes, no capabilities, capped memory and file size. It is bubblewrap where that works,
else the same out of util-linux (unshare, mount, setpriv). What it leaves open: files that this user may read can be
read, and nothing keeps the CPU from being used until the parent kills.
"""

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from rft.types import JSON

SCRIPT = Path(__file__).with_name("peer.py")
START_S = 120.0
TMP_MIB = 16
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child")
FENCE = f"""
mount -o remount,bind,ro / || exit 1
cut -d' ' -f2 /proc/self/mounts | while read -r at; do mount -o remount,bind,ro "$(printf '%b' "$at")"; done 2>/dev/null
mount -t tmpfs -o size={TMP_MIB}m tmpfs "$1" && mount -t tmpfs -o size={TMP_MIB}m tmpfs /dev/shm || exit 1
mount -t proc proc /proc || exit 1
cd "$1" && shift && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"
"""


class PeerDiedError(Exception):
    """The process ended, or was killed, before it replied."""


class PeerProcess:
    """A grader of ``benchmarks.peer``; started by the first question, and again after it died."""

    def __init__(self, grader: str, packages: Path | None, timeout_s: float) -> None:
        """Starts nothing yet.

        Args:
            grader: a key of ``benchmarks.peer.GRADERS``.
            packages: the folder its packages lie in; None for this environment.
            timeout_s: wall-clock seconds for one question, after which the process is killed.
        """
        self._command = [sys.executable, "-P", *(["-S"] if packages else []), str(SCRIPT), grader]
        self._env = {"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        if packages:
            self._env["PYTHONPATH"] = str(packages)
        self._timeout_s = timeout_s
        self._folder = tempfile.TemporaryDirectory(prefix="peer-")
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""

    def ask(self, question: JSON) -> JSON:
        """Returns the reply to a question.

        Raises:
            PeerDiedError: no reply in time, or the process ended; the next question starts another.
        """
        process = self.start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            self.stop()
            raise PeerDiedError("ended") from error
        return self._read(process, self._timeout_s)

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the process, unless it runs, and waits until it has imported its packages.

        Raises:
            PeerDiedError: it could not start.
        """
        if self._process is None:
            self._buffer = b""
            self._process = subprocess.Popen(
                fenced(self._command, Path(self._folder.name)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._env | {"TMPDIR": self._folder.name},
                cwd=self._folder.name,
            )
            self._read(self._process, START_S)
        return self._process

    def stop(self) -> None:
        """Kills and reaps the process, if one runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def _read(self, process: subprocess.Popen[bytes], timeout_s: float) -> JSON:
        assert process.stdout is not None
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                chunk = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
                if not chunk:
                    self.stop()
                    raise PeerDiedError("ended" if ready else f"killed after {timeout_s:g} s")
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)


def fenced(command: list[str], folder: Path) -> list[str]:
    """Returns the command that runs ``command`` in the fence, with ``folder`` as its only writable place."""
    if fence() == "bubblewrap":
        shell = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"]
        return [*shell, "--proc", "/proc", "--tmpfs", str(folder), "--chdir", str(folder), "--", *command]
    if fence() == "unshare":
        return [*UNSHARE, "sh", "-c", FENCE, "sh", str(folder), *command]
    return command


@cache
def fence() -> str:
    """Returns what the fence is made of on this machine: bubblewrap, unshare, or none."""
    with tempfile.TemporaryDirectory() as folder:
        trials = {
            "bubblewrap": ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--tmpfs", folder, "--", "true"],
            "unshare": [*UNSHARE, "sh", "-c", FENCE, "sh", folder, "true"],
        }
        for name, command in trials.items():
            if shutil.which(command[0]) and subprocess.run(command, capture_output=True).returncode == 0:
                return name
    return "none"
