"""Which languages this machine has, and which of its files a local sandbox must show for them.

Asks the tools themselves (``rustc --print sysroot``, ``go env GOROOT``, ``ldd``), once per process.
"""

import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from rft.sandboxes.languages import LANGUAGES, LanguageSpec
from rft.types import JSON

RUST_HOMES = (Path.home() / ".cargo" / "bin", Path("/usr/local/cargo/bin"))
GO_HOMES = (Path("/usr/local/go/bin"),)
_ASK_S = 60.0
_BINUTILS = ("as", "ld", "ld.bfd", "ld.gold", "ar", "nm", "objcopy", "strip")
_GCC_FOLDERS = ("/usr/include", "/usr/lib/gcc", "/usr/libexec/gcc", "/usr/local/include")
_SYSTEM = ("/lib", "/lib64", "/usr/lib/", "/usr/lib64")
"""What every local sandbox shows of these is ``rft.sandboxes.local.toolchain``'s."""


def languages() -> list[str]:
    """Returns the languages that this machine has, in the table's order."""
    return [name for name, spec in LANGUAGES.items() if command(spec) is not None]


def command(spec: LanguageSpec) -> Path | None:
    """Returns the compiler or interpreter, or None where it is not installed.

    Rust and Go are also looked for where their own installers put them.
    """
    homes = {"rust": RUST_HOMES, "go": GO_HOMES}.get(spec.name, ())
    found = shutil.which(spec.command) or next(
        filter(None, (shutil.which(spec.command, path=home) for home in homes)), None
    )
    if found is None:
        return None
    if spec.name == "rust" and not _answer(found, "--print", "sysroot"):  # rustup's proxy without a toolchain
        return None
    return Path(found)


@cache
def version(name: str) -> str | None:
    """Returns what the language's compiler or interpreter says of its version; None where it is not installed."""
    spec = LANGUAGES[name]
    found = command(spec)
    return None if found is None else _answer(str(found), *spec.version[1:]) or None


def visible(names: Iterable[str]) -> dict[str, JSON]:
    """Returns binds ([from, to]) and links ([target, place]) for the installed ones among these languages.

    Shown are compilers, headers and libraries, nothing of anybody's home but Rust's own toolchain.
    """
    binds: dict[str, str] = {}
    links: dict[str, str] = {}
    for name in names:
        spec = LANGUAGES[name]
        found = command(spec)
        if found is None or name == "python":
            continue
        if name == "javascript":
            binds |= _node(found)
        elif name == "go":
            more, place = _go(found)
            binds |= more
            links["/opt/go"] = place
        elif name == "rust":
            binds |= {"/opt/rust": _answer(str(found), "--print", "sysroot"), **_gcc()}
        else:
            binds |= _gcc()
    pairs = sorted(binds.items())  # a folder comes before what lies in it
    return {"binds": [[source, place] for place, source in pairs], "links": [[to, at] for at, to in links.items()]}


def _node(found: Path) -> dict[str, str]:
    real = found.resolve()
    binds = {"/usr/bin/node": str(real)}
    if Path("/usr/share/nodejs").is_dir():  # Debian's node reads some of its own modules from there
        binds["/usr/share/nodejs"] = "/usr/share/nodejs"
    return binds | {path: str(Path(path).resolve()) for path in _libraries(real) if not path.startswith(_SYSTEM)}


def _go(found: Path) -> tuple[dict[str, str], str]:
    """Debian splits GOROOT in two by links."""
    root = Path(_answer(str(found), "env", "GOROOT")).resolve()
    linked = [child.resolve() for child in map(root.joinpath, ("bin", "pkg", "src")) if child.is_symlink()]
    return {str(path): str(path) for path in [root, *linked] if path.exists()}, str(root)


def _gcc() -> dict[str, str]:
    """Drivers and binutils under their own names, as a driver finds its parts from where it lies itself."""
    names = ("gcc", "g++", *_BINUTILS)
    tools = {f"/usr/bin/{name}": found for name in names if (found := shutil.which(name, path="/usr/bin"))}
    folders = {path: path for path in _GCC_FOLDERS if Path(path).is_dir()}
    return {place: str(Path(found).resolve()) for place, found in tools.items()} | folders


def _libraries(program: Path) -> list[str]:
    words = _answer("ldd", str(program)).split()
    return sorted({word for word in words if word.startswith("/") and ".so" in word})


@cache
def _answer(*argv: str) -> str:
    """Returns what a tool prints, empty when it fails."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
