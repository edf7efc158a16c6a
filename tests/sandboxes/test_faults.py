"""Faults injected into local sandboxes: no candidate is mislabelled, nothing is left behind, the run goes on."""

import os
import random
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from rft.errors import SandboxError
from rft.sandboxes import pool as pools
from rft.sandboxes.inside.child.confine import ISOLATED
from rft.sandboxes.inside.supervisor import job as jobs
from rft.sandboxes.inside.supervisor.counters import Counters
from rft.sandboxes.inside.supervisor.standing import Standing
from rft.sandboxes.inside.supervisor.zygotes import SupervisorError, Zygotes
from rft.sandboxes.local.cgroups import Cgroup
from rft.sandboxes.local.sandbox import LocalSandbox
from rft.types import Limits, Program, Status
from tests.conftest import require_local
from tests.sandboxes.shots import (
    RIGHT,
    WRONG,
    Sniper,
    another_owner,
    descendants,
    groups,
    nothing_left,
    programs,
    running,
    shoot,
    verdict,
    within,
    zygotes,
)

SLOW = "import time\ntime.sleep(0.5)\n"
SLOW_RIGHT, SLOW_WRONG = Program(SLOW + RIGHT.source), Program(SLOW + WRONG.source)
BOTH = pytest.mark.parametrize(
    ("candidate", "passes"), [(SLOW_RIGHT, True), (SLOW_WRONG, False)], ids=["right", "wrong"]
)
FOREVER = Program("import time\ntime.sleep(50)")
TIGHT = Limits(wall_s=1)

VICTIMS: dict[str, Callable[[], list[int]]] = {
    "candidate's zygote": lambda: zygotes()[:1],
    "tester's zygote": lambda: zygotes()[1:2],
    "supervisor": lambda: [p for p in running("supervisor.py") if p not in running("launch.py")],
    "launcher": lambda: running("launch.py"),
}
INNER = {name: found for name, found in VICTIMS.items() if name != "launcher"}


@pytest.fixture(scope="module", autouse=True)
def isolated() -> None:
    require_local()


@pytest.fixture
def sandbox() -> Iterator[LocalSandbox]:
    """A sandbox of one slot, with warm interpreters; at the end nothing may be left of it."""
    sandbox = LocalSandbox(slots=1)
    assert verdict(sandbox, RIGHT) is True
    yield sandbox
    sandbox.close()
    assert nothing_left()


def shot_after(delay_s: float, found: Callable[[], list[int]], number: int = signal.SIGKILL) -> threading.Timer:
    timer = threading.Timer(delay_s, lambda: shoot(found(), number))
    timer.start()
    return timer


# -- killed


@BOTH
@pytest.mark.parametrize("victim", VICTIMS.values(), ids=VICTIMS.keys())
def test_a_job_under_which_a_process_of_ours_is_killed_gets_its_verdict(
    sandbox: LocalSandbox, victim: Callable[[], list[int]], candidate: Program, passes: bool
) -> None:
    before = running("launch.py")
    shot_after(0.25, victim)
    assert verdict(sandbox, candidate) is passes
    assert running("launch.py") != before


@pytest.mark.parametrize("victim", VICTIMS.values(), ids=VICTIMS.keys())
def test_what_was_killed_between_jobs_is_replaced(sandbox: LocalSandbox, victim: Callable[[], list[int]]) -> None:
    for candidate, passes in ((RIGHT, True), (WRONG, False)):
        shoot(victim())
        assert verdict(sandbox, candidate) is passes


@BOTH
@pytest.mark.parametrize("which", [0, 1], ids=["candidate", "tester"])
def test_a_program_that_an_outsider_kills_is_run_again(
    sandbox: LocalSandbox, which: int, candidate: Program, passes: bool
) -> None:
    if not groups():
        pytest.skip("without control groups nobody says that it was not for memory")
    shot_after(0.25, lambda: programs()[which : which + 1])
    assert verdict(sandbox, candidate) is passes


def test_what_is_killed_again_and_again_is_an_error_of_the_sandbox_and_no_verdict(sandbox: LocalSandbox) -> None:
    over = threading.Event()

    def shoot_on() -> None:
        while not over.wait(0.01):
            shoot(zygotes())

    with ThreadPoolExecutor(1) as threads:
        threads.submit(shoot_on)
        with pytest.raises(SandboxError, match="the sandbox failed"):
            sandbox.examine(SLOW_RIGHT, {"entry_point": "add", "program": "assert add(1, 2) == 3"}, Limits())
        over.set()
    assert verdict(sandbox, RIGHT) is True


def test_a_storm_of_shots_mislabels_no_candidate() -> None:
    sandbox = LocalSandbox(slots=2)
    with Sniper(lambda: random.choice([zygotes, programs, VICTIMS["supervisor"]])(), every=20, seed=4) as sniper:

        def judge(number: int) -> bool | None:
            passes = verdict(sandbox, WRONG if number % 3 == 0 else RIGHT)
            sniper.count()
            return passes is None or passes is (number % 3 != 0)

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(judge, range(200)))
    sandbox.close()
    assert sniper.shots >= 8
    assert nothing_left()


def test_a_storm_of_shots_costs_few_verdicts() -> None:
    sandbox = LocalSandbox(slots=2)
    errors: list[SandboxError] = []

    def echo(number: int) -> bool:
        try:
            return sandbox.run(Program(f"print({number})"), Limits()).stdout == f"{number}\n"
        except SandboxError as error:
            errors.append(error)
            return True
        finally:
            sniper.count()

    with Sniper(zygotes, every=25, seed=5) as sniper, ThreadPoolExecutor(8) as threads:
        assert all(threads.map(echo, range(300)))
    sandbox.close()
    assert sniper.shots >= 8
    assert len(errors) <= 9


# -- stopped


@pytest.mark.parametrize("victim", INNER.values(), ids=INNER.keys())
def test_what_hangs_is_replaced_when_the_time_is_up(
    sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch, victim: Callable[[], list[int]]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(pools, "GRACE_S", 0.0)  # three times the wall limit are left
        shoot(victim(), signal.SIGSTOP)
        assert verdict(sandbox, RIGHT, TIGHT) is True
    assert verdict(sandbox, WRONG) is False


def test_a_stopped_launcher_stops_nothing(sandbox: LocalSandbox) -> None:
    shoot(running("launch.py"), signal.SIGSTOP)
    assert verdict(sandbox, RIGHT) is True


def test_time_in_which_the_whole_sandbox_was_stopped_does_not_count(sandbox: LocalSandbox) -> None:
    source = "import time\nwhile time.process_time() < 0.3: pass\n"
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(verdict, sandbox, Program(source + RIGHT.source), Limits(wall_s=2))
        assert within(lambda: len(programs()) == 2)
        processes = descendants(os.getpid())
        shoot(processes, signal.SIGSTOP)
        time.sleep(4)
        shoot(processes, signal.SIGCONT)
        assert answer.result() is True


@pytest.mark.parametrize(("sleep_s", "said"), [(0.0, "did not start within"), (0.6, "could not be killed")])
def test_a_supervisor_gives_a_hanging_zygote_up(monkeypatch: pytest.MonkeyPatch, sleep_s: float, said: str) -> None:
    for name in ("START_S", "END_S"):
        monkeypatch.setattr(jobs, name, 1.0)
    limits = {"cpu_s": 1, "wall_s": 1, "memory_mib": 64, "output_kib": 1, "processes": 8, "disk_mib": 1}
    children = {"candidate": {"mode": "script", "source": "import time; time.sleep(9)"}}
    ours, theirs = os.pipe()
    with Zygotes(ISOLATED) as kept:
        zygote = kept.get("candidate", [])
        info = Path(f"/proc/self/fdinfo/{zygote._pidfd}").read_text()
        pid = next(int(line.split()[1]) for line in info.splitlines() if line.startswith("Pid:"))
        timer = shot_after(sleep_s, lambda: [pid], signal.SIGSTOP)
        if not sleep_s:
            timer.join()
        with pytest.raises(SupervisorError, match=said):
            jobs.Job({"limits": limits, "children": children}, kept, Standing(), Counters({}), ours).run()
    os.close(ours)
    os.close(theirs)
    assert within(lambda: not Path(f"/proc/{pid}").exists())


# -- refused


def test_a_zygote_that_may_not_fork_is_replaced(sandbox: LocalSandbox) -> None:
    for zygote in (before := zygotes()):
        resource.prlimit(zygote, resource.RLIMIT_NPROC, (1, 1))
    assert verdict(sandbox, RIGHT) is True
    assert not set(before) & set(zygotes())


@contextmanager
def lowered(*names: str, value: int) -> Iterator[None]:
    """While it is held, files of this process's control groups hold this value, whatever a sandbox wishes."""
    found = [folder / name for folder in groups() for name in names if (folder / name).exists()]
    if not found:
        pytest.skip("no control groups can be had here")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pools, "BACK_OFF_S", (0.0, 0.1))
        patched.setattr(Cgroup, "limit", lambda *_: None)
        shoot(running("launch.py"))
        for file in found:
            assert within(lambda file=file: written(file, value))  # type: ignore[misc]
        yield
    for file in found:
        file.write_text(str(1 << 30 if "memory" in file.name else 100))


def written(file: Path, value: int) -> bool:
    try:
        file.write_text(str(value))
    except OSError:  # more is in use, of processes that are not yet gone
        return False
    return True


@pytest.mark.parametrize("processes", [1, 3, 5])
def test_a_slot_that_may_not_fork_says_so_and_judges_nobody(sandbox: LocalSandbox, processes: int) -> None:
    with lowered("pids.max", value=processes):
        assert verdict(sandbox, RIGHT) is None
    assert verdict(sandbox, RIGHT) is True


@pytest.mark.parametrize("memory_mib", [4, 16])
def test_processes_of_ours_that_are_killed_for_memory_are_no_fault_of_a_candidate(
    sandbox: LocalSandbox, memory_mib: int
) -> None:
    with lowered("memory.max", "memory.limit_in_bytes", value=memory_mib << 20):
        assert verdict(sandbox, RIGHT) is None
    assert verdict(sandbox, RIGHT) is True


@pytest.fixture
def full_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "full"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "full", str(folder)]).returncode:
        pytest.skip("only root can make a file system to fill")
    try:
        with suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        for number in count():
            try:
                (folder / str(number)).touch()
            except OSError:
                break
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_temporary_folder_stops_nothing(monkeypatch: pytest.MonkeyPatch, full_folder: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(full_folder))
    monkeypatch.setattr(tempfile, "tempdir", str(full_folder))
    sandbox = LocalSandbox(slots=1)
    assert (verdict(sandbox, RIGHT), verdict(sandbox, WRONG)) == (True, False)
    assert (
        sandbox.run(Program("import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'1')"), Limits()).exit_code
        == 0
    )
    sandbox.close()


def test_a_process_out_of_descriptors_gets_errors_of_the_sandbox_and_later_verdicts(
    sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "BACK_OFF_S", (0.0, 0.1))
    shoot(running("launch.py"))
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) - 1, allowed[1]))
    try:
        with pytest.raises(SandboxError, match="Too many open files"):
            sandbox.run(Program("1"), Limits())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert verdict(sandbox, RIGHT) is True


# -- the owner


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
def test_nothing_outlives_an_owner_that_is_killed(number: int, busy: bool) -> None:
    then = "sandbox.run(Program('import time; time.sleep(50)'), Limits(wall_s=60))" if busy else "time.sleep(50)"
    program = (
        "from rft.sandboxes.local.sandbox import LocalSandbox; from rft.types import *; import time\n"
        f"sandbox = LocalSandbox(slots=1); sandbox.run(Program('1'), Limits()); print('up', flush=True); {then}"
    )
    with another_owner(program) as owner:
        time.sleep(0.3)
        below = descendants(owner.pid)
        owner.send_signal(number)
    assert len(below) >= 3
    assert within(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    LocalSandbox(slots=1).close()
    assert groups(owner.pid) == []


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.3])
def test_closing_ends_what_runs_or_starts_and_leaves_nothing(after_s: float) -> None:
    sandbox = LocalSandbox(slots=2)
    with ThreadPoolExecutor(4) as threads:
        answers = [threads.submit(sandbox.run, FOREVER, Limits(wall_s=60)) for _ in range(4)]
        time.sleep(after_s)
        sandbox.close()
        for answer in answers:
            with pytest.raises(SandboxError):
                answer.result(timeout=15)
    assert nothing_left()


def test_a_closed_sandbox_takes_no_job_and_makes_nothing() -> None:
    sandbox = LocalSandbox(slots=1)
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run(Program("1"), Limits())
    left = groups()
    for folder in left:  # other tests look for them too
        folder.rmdir()
    assert (left, running("launch.py")) == ([], [])


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.1, 0.2, 0.5])
def test_an_interrupted_job_leaves_the_next_one_its_own_answer(after_s: float) -> None:
    sandbox = LocalSandbox(slots=1)
    timer = threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        sandbox.run(FOREVER, Limits(wall_s=60))
    for word in ("one", "two"):
        ended = sandbox.run(Program(f"print({word!r})"), Limits())
        assert (ended.status, ended.stdout) == (Status.EXITED, f"{word}\n")
    sandbox.close()
    assert nothing_left()
