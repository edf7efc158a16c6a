"""Children end with their parent, however it went: those that ignore SIGTERM and those that left the group too."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rft.processes.command import run_logged

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
FAMILY = f"""
import pathlib, subprocess, sys, time
mark, ready = sys.argv[1:3]
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}, mark])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", mark], start_new_session=True)
pathlib.Path(ready).touch()
time.sleep(60)
"""
"""A child with two of its own: one ignores SIGTERM, one leaves the group."""
GUARDED = f"""
import sys
from rft.processes.parent_watch import guard
guard(int(sys.argv.pop(1)), grace_s=0.5)
{FAMILY}
"""
STARTS = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid()), *sys.argv[2:]], start_new_session=True)
time.sleep(60)
"""
RUNS = """
import pathlib, sys
from rft.processes.command import run_logged
run_logged([sys.executable, "-c", *sys.argv[1:]], pathlib.Path(sys.argv[3] + ".log"))
"""


def wait_for(true: Callable[[], object], limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(true())


def alive_with(mark: str) -> list[int]:
    """The processes with a text among their arguments; zombies have none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if mark in words:
            found.append(int(folder.name))
    return found


@pytest.fixture
def mark(tmp_path: Path) -> str:
    return f"mark-{os.getpid()}-{tmp_path.name}"


def parent_of(program: str, child: str, mark: str, ready: Path) -> subprocess.Popen[bytes]:
    """A process that started the family under the watch."""
    parent = subprocess.Popen([sys.executable, "-c", program, child, mark, str(ready)], stderr=subprocess.DEVNULL)
    assert wait_for(lambda: ready.exists() and len(alive_with(mark)) >= 4, 20), "the family did not start"
    return parent


def test_an_engine_and_all_it_started_end_with_a_killed_parent(tmp_path: Path, mark: str) -> None:
    parent = parent_of(STARTS, GUARDED, mark, tmp_path / "ready")
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not alive_with(mark), 5)


def test_a_command_and_all_it_started_end_with_a_killed_parent(tmp_path: Path, mark: str) -> None:
    parent = parent_of(RUNS, FAMILY, mark, tmp_path / "ready")
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not alive_with(mark), 15)


def test_a_child_ends_with_a_killed_watcher(tmp_path: Path, mark: str) -> None:
    program = "import os, time, sys; print(os.getpid(), flush=True); time.sleep(60)"
    watch = f"import sys; from rft.processes.parent_watch import guard; guard(int(sys.argv.pop(1)))\n{program}"
    watcher = subprocess.Popen(
        [sys.executable, "-c", watch, str(os.getpid()), mark], stdout=subprocess.PIPE, start_new_session=True
    )
    with watcher:
        assert watcher.stdout is not None
        assert int(watcher.stdout.readline()) != watcher.pid
        watcher.kill()
    assert wait_for(lambda: not alive_with(mark), 5)


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], 3),
        ([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], 137),
        (["/no/such/program"], 127),
        ([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"], 0),
    ],
    ids=["status", "signal", "cannot start", "an empty stdin"],
)
def test_a_commands_own_end_is_its_status(tmp_path: Path, command: list[str], status: int) -> None:
    assert run_logged(command, tmp_path / "log") == status


def test_what_a_command_leaves_in_its_group_is_ended_at_once(tmp_path: Path, mark: str) -> None:
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}, {mark!r}])"
    start = time.monotonic()
    assert run_logged([sys.executable, "-c", code], tmp_path / "log") == 0
    assert wait_for(lambda: not alive_with(mark), 2) and time.monotonic() - start < 5


def test_an_interrupted_command_is_asked_to_end_once(tmp_path: Path) -> None:
    """A trainer takes a second SIGTERM for an order to drop its checkpoint."""
    code = (
        "import pathlib, signal, sys, time\n"
        "asked = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: asked.append(1))\n"
        "pathlib.Path(sys.argv[1] + '.ready').touch()\n"
        "while not asked: time.sleep(0.01)\n"
        "time.sleep(0.5)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(len(asked)))\n"
    )
    asked = tmp_path / "asked"

    def interrupt() -> None:
        if asked.with_name("asked.ready").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_logged([sys.executable, "-c", code, str(asked)], tmp_path / "log", on_poll=interrupt)
    assert asked.read_text() == "1"


def test_a_command_inherits_no_ignored_signals(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "grep SigIgn /proc/self/status"]
    plain = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert run_logged(command, tmp_path / "log") == 0
    assert (tmp_path / "log").read_text() == plain
