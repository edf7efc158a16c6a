"""Which languages this machine has, and which of its files a local sandbox must show for them.

The tools themselves are asked (``rustc --print sysroot``, ``go env GOROOT``, ``ldd``), once per process.
"""

import os
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rft.sandboxes.languages import LANGUAGES, host
from rft.sandboxes.languages.spec import LanguageSpec
from rft.types import JSON


def languages() -> list[str]:
    """Returns the languages that this machine has, in the table's order."""
    return [name for name, spec in LANGUAGES.items() if command(spec) is not None]


def command(spec: LanguageSpec) -> Path | None:
    """Returns the compiler or interpreter, or None where it is not installed.

    Some are also looked for where their own installers put them.
    """
    homes = (os.path.expanduser(home) for home in spec.homes)  # noqa: PTH111  Path's raises for a user without a home
    places = (shutil.which(spec.command, path=home) for home in homes)
    path = shutil.which(spec.command) or next(filter(None, places), None)
    if path is None or (spec.proof and not host.answer(path, *spec.proof)):
        return None
    return Path(path)


@cache
def version(name: str) -> str | None:
    """Returns what the language's compiler or interpreter says of its version; None where it is not installed."""
    spec = LANGUAGES[name]
    found = command(spec)
    return None if found is None else host.answer(str(found), *spec.version[1:]) or None


def visible(names: Iterable[str]) -> dict[str, JSON]:
    """Returns binds ([from, to]) and links ([target, place]) for the installed ones among these languages."""
    binds: dict[str, str] = {}
    links: dict[str, str] = {}
    for spec in map(LANGUAGES.__getitem__, names):
        path = command(spec)
        if path is not None:
            files = spec.host_files(path)
            binds |= files.binds
            links |= files.links
    pairs = sorted(binds.items())  # a folder comes before what lies in it
    return {"binds": [[source, place] for place, source in pairs], "links": [[to, at] for at, to in links.items()]}
