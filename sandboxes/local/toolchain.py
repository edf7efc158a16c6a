"""Which of the machine's files a local sandbox shows, read-only: the interpreter that runs us, and system libraries."""

import sys
import sysconfig
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from rft.sandboxes.inside.child import confine
from rft.sandboxes.local import installed
from rft.types import JSON

PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
"""The interpreter itself, not a virtual environment's link to it."""
INSIDE = Path(__file__).parents[1] / "inside"
TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def visible(packages: Iterable[str], language: str) -> dict[str, JSON]:
    """Returns binds ([from, to]), links ([target, place]) and covered folders for ``inside.child.launch``."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    wanted = [PYTHON, stdlib, *stdlib.parent.glob("libpython*.so*"), *_libraries(), Path("/etc/ld.so.cache")]
    binds = [[str(path), str(path)] for path in wanted if path.exists() and not path.is_symlink()]
    for path in [path for path in wanted if path.is_symlink()]:
        binds.append([str(path.resolve()), str(path)])
    links = [[str(path.readlink()), str(path)] for name in TOP if (path := Path("/", name)).is_symlink()]
    binds += [[str(path), f"{confine.PACKAGES}/{path.name}"] for name in packages for path in _package(name)]
    more = installed.visible([language])
    others = [
        str(path)
        for name in ("site-packages", "dist-packages")
        if (path := stdlib / name).is_dir() and not path.is_symlink()
    ]
    binds += [[str(INSIDE), confine.INSIDE], *more["binds"]]
    return {"binds": binds, "links": [*links, *more["links"]], "covered": others}


def has(name: str) -> bool:
    """Whether a package is installed in this environment."""
    return bool(_package(name))


def _libraries() -> list[Path]:
    """Where the loader finds shared libraries."""
    found = [*Path("/usr/lib").glob("*-linux-gnu"), Path("/usr/lib64")]
    return [path for path in found if path.is_dir()]


def _package(name: str) -> list[Path]:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent
    return [path for path in (folder, folder.with_name(f"{name}.libs")) if path.is_dir()]
