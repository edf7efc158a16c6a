"""Which files of this machine a compiler or interpreter needs, asked of the tools themselves (``ldd`` and their own).

Shown are programs, headers and libraries, nothing of anybody's home except Rust's own toolchain.
"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ASK_S = 60.0
_BINUTILS = ("as", "ld", "ld.bfd", "ld.gold", "ar", "nm", "objcopy", "strip")
_GCC_FOLDERS = ("/usr/include", "/usr/lib/gcc", "/usr/libexec/gcc", "/usr/local/include")
_SYSTEM = ("/lib", "/lib64", "/usr/lib/", "/usr/lib64")
"""What every local sandbox shows of these is decided in ``rft.sandboxes.local.toolchain``."""


@dataclass(frozen=True, slots=True)
class HostFiles:
    """What a local sandbox shows for one language, read-only."""

    binds: Mapping[str, str] = field(default_factory=dict)
    """Place inside -> file or folder of the machine."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Place inside -> where the symbolic link there points to."""


def nothing(command: Path) -> HostFiles:
    """Returns no files: Python's are shown in every sandbox."""
    return HostFiles()


def program(command: Path) -> HostFiles:
    """Returns an interpreter that is one file, as ``/usr/bin/NAME``, and its libraries outside the system folders."""
    real = command.resolve()
    libraries = {path: str(Path(path).resolve()) for path in _libraries(real) if not path.startswith(_SYSTEM)}
    return HostFiles({f"/usr/bin/{command.name}": str(real)} | libraries)


def gcc(command: Path) -> HostFiles:
    """Returns gcc, g++ and binutils under their own names, as a driver finds its parts from where it lies itself."""
    names = ("gcc", "g++", *_BINUTILS)
    tools = {f"/usr/bin/{name}": path for name in names if (path := shutil.which(name, path="/usr/bin"))}
    folders = {path: path for path in _GCC_FOLDERS if Path(path).is_dir()}
    return HostFiles({place: str(Path(path).resolve()) for place, path in tools.items()} | folders)


@cache
def answer(*argv: str) -> str:
    """Returns what a tool prints, empty when it fails; asked once per process."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _libraries(path: Path) -> list[str]:
    words = answer("ldd", str(path)).split()
    return sorted({word for word in words if word.startswith("/") and ".so" in word})
