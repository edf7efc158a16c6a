"""Control groups: what they bound, and that none is left behind, whoever made it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rft.sandboxes.local import cgroups
from rft.sandboxes.local.cgroups import PREFIX, SPARE_MIB, SPARE_PROCESSES, Cgroup
from tests.sandboxes.shots import within


@pytest.fixture
def group() -> Iterator[Cgroup]:
    made = cgroups.make("test")
    if made is None:
        pytest.skip("no control groups can be had here")
    yield made
    made.remove()


def sleeper(group: Cgroup) -> "subprocess.Popen[bytes]":
    """A member of the group."""
    join = "; ".join(f"open({name!r}, 'w').write('0')" for name in group.join)
    return subprocess.Popen([sys.executable, "-S", "-c", f"{join}; import time; time.sleep(60)"])


def joined(group: Cgroup, pid: int) -> bool:
    return all(str(pid) in Path(name).read_text().split() for name in group.join)


def of_ended_process(group: Cgroup) -> Cgroup:
    """A further group whose name says that a process made it that is no more."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    folders = {name: folder.with_name(f"{PREFIX}{process.pid}-test") for name, folder in group.folders.items()}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    return Cgroup(folders)


def test_a_group_says_where_to_join_and_what_it_counts(group: Cgroup) -> None:
    assert group.join
    assert set(group.counters) == {"oom_kill", "max"}
    assert all(Path(name).exists() for name in [*group.join, *group.counters.values()])


def test_limits_stand_in_the_kernels_files(group: Cgroup) -> None:
    group.limit(100, 10)
    memory = group.folders["memory"]
    size = next(memory / name for name in ("memory.max", "memory.limit_in_bytes") if (memory / name).exists())
    assert int(size.read_text()) == (100 + SPARE_MIB) << 20
    assert int((group.folders["pids"] / "pids.max").read_text()) == 10 + SPARE_PROCESSES


def test_the_end_of_a_group_is_the_end_of_its_members(group: Cgroup) -> None:
    with sleeper(group) as process:
        assert within(lambda: joined(group, process.pid))
        group.end()
        assert process.wait(10) == -9


def test_a_removed_group_is_gone_with_its_members_and_may_be_removed_again(group: Cgroup) -> None:
    with sleeper(group) as process:
        assert within(lambda: joined(group, process.pid))
        group.remove()
        assert process.wait(10) == -9
    assert not any(folder.exists() for folder in group.folders.values())
    group.remove()


def test_a_sweep_takes_what_the_dead_left_and_nothing_of_the_living(group: Cgroup) -> None:
    left = of_ended_process(group)
    with sleeper(left) as process:
        assert within(lambda: joined(left, process.pid))
        cgroups.sweep()
        assert process.wait(10) == -9
    assert not any(folder.exists() for folder in left.folders.values())
    assert all(folder.exists() for folder in group.folders.values())


def test_a_sweep_leaves_groups_alone_that_are_not_ours(group: Cgroup) -> None:
    foreign = [folder.with_name(f"{PREFIX}mine-{os.getpid()}") for folder in set(group.folders.values())]
    try:
        for folder in foreign:
            folder.mkdir()
        cgroups.sweep()
        assert all(folder.exists() for folder in foreign)
    finally:
        for folder in foreign:
            with suppress(FileNotFoundError):
                folder.rmdir()


@pytest.mark.parametrize(
    "memberships", [[], [(["memory"], "")], [(["cpu"], "")], [([], "not/there")]], ids=["none", "half", "other", "v2"]
)
def test_where_none_can_be_had_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memberships: list[tuple[list[str], str]]
) -> None:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path)
    monkeypatch.setattr(cgroups, "_memberships", lambda: iter(memberships))
    assert cgroups.make("test") is None
    cgroups.sweep()
    assert [path.name for path in tmp_path.rglob("*")] == ["memory"]


def test_version_2_has_one_folder_for_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "user.slice" / f"{PREFIX}{os.getpid()}-7"
    folder.mkdir(parents=True)
    (folder / "memory.max").touch()
    (folder / "memory.events").touch()
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path)
    monkeypatch.setattr(cgroups, "_delegated", lambda own: own)
    monkeypatch.setattr(cgroups, "_memberships", lambda: iter([([], "user.slice")]))
    group = cgroups.make("7")
    assert group is not None
    assert group.join == [str(folder / "cgroup.procs")]
    assert group.counters == {"oom_kill": str(folder / "memory.events"), "max": str(folder / "pids.events")}
    assert int((folder / "memory.max").read_text()) == (1024 + SPARE_MIB) << 20
