from pathlib import Path

import pytest

from rft.errors import InputError
from rft.samplers.vllm.gpus import share_out, visible_gpus


@pytest.mark.parametrize(
    ("gpus", "replicas", "per_replica", "shares"),
    [
        ([], "auto", 1, [None]),
        ([], 2, 1, [None, None]),
        (["0"], "auto", 1, ["0"]),
        (["0", "1", "2", "3"], "auto", 1, ["0", "1", "2", "3"]),
        (["4", "5", "6"], "auto", 2, ["4,5"]),
        (["0", "1", "2", "3"], 1, 2, ["0,1"]),
    ],
)
def test_gpus_are_shared_out(gpus: list[str], replicas: int | str, per_replica: int, shares: list[str | None]) -> None:
    assert share_out(gpus, replicas, per_replica) == shares


@pytest.mark.parametrize(("replicas", "per_replica"), [(3, 1), (2, 2), ("auto", 4)])
def test_more_gpus_than_there_are_is_an_error(replicas: int | str, per_replica: int) -> None:
    with pytest.raises(InputError, match=r"needs [34] GPUs, and 2 can be seen \(0, 1\)"):
        share_out(["0", "1"], replicas, per_replica)


@pytest.mark.parametrize(("chosen", "gpus"), [("2,3", ["2", "3"]), ("GPU-1a, GPU-2b", ["GPU-1a", "GPU-2b"]), ("", [])])
def test_the_users_choice_of_gpus_is_kept(chosen: str, gpus: list[str]) -> None:
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": chosen}) == gpus


def test_gpus_are_counted_and_their_slices_are_not(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: A'\necho '  MIG 1g.10gb Device 0: B'\necho 'GPU 1: A'\n")
    tool.chmod(0o755)
    assert visible_gpus({"PATH": str(tmp_path)}) == ["0", "1"]


def test_without_the_tool_there_are_none(tmp_path: Path) -> None:
    assert visible_gpus({"PATH": str(tmp_path)}) == []
