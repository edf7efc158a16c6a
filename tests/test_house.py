"""The house stands: links resolve, imports go down only, importing is quick and does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINKED = ("sandboxes", "tasks", "verifiers")

FOUNDATION = {"types", "errors", "seeds", "registry", "exact", "process", "leash", "files", "log", "round_trip"}
MAY_IMPORT = {
    "sandboxes": FOUNDATION,
    "tasks": FOUNDATION,
    "samplers": FOUNDATION | {"models"},
    "selection": FOUNDATION | {"stages"},
    "models": FOUNDATION,
    "trainers": FOUNDATION | {"models", "export"},
    "metrics": FOUNDATION,
    "export": FOUNDATION,
    "store": FOUNDATION | {"lock"},
    "verifiers": FOUNDATION | {"sandboxes"},
    "estep": FOUNDATION | {"config", "progress", "stages", "threads"},
}
"""Room -> what it may import of ``rft`` besides itself. ``loop`` and ``cli`` stand on top and may import all."""


def modules() -> list[Path]:
    rooms = (*LINKED, "rft/samplers", "rft/selection", "rft/trainers", "rft/models")
    return sorted((ROOT / "rft").glob("*.py")) + [path for room in rooms for path in (ROOT / room).rglob("*.py")]


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "rft" else parts[0]


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "rft" else [f"rft.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("rft.")}
    return found


@pytest.mark.parametrize("name", LINKED)
def test_a_linked_room_is_the_folder_at_the_top(name: str) -> None:
    link = ROOT / "rft" / name
    assert link.is_symlink()
    assert link.resolve() == ROOT / name


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    allowed = MAY_IMPORT.get(room)
    if allowed is not None:
        assert imported_rooms(path) - {room, "__version__"} <= allowed
    if room not in ("cli", "__main__"):
        assert "cli" not in imported_rooms(path)


def test_types_imports_the_standard_library_only() -> None:
    assert imported_rooms(ROOT / "rft" / "types.py") == set()


def test_the_command_line_starts_without_heavy_packages() -> None:
    heavy = ["numpy", "pyarrow", "pydantic", "datasets", "sympy", "torch", "transformers", "vllm", "docker"]
    program = f"import sys, rft.cli.app; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_the_host_imports_nothing_that_is_run_inside_by_its_path() -> None:
    """Such a file puts its folders first on ``sys.path``, where bare ``verifiers`` or ``tasks`` would be found."""
    rooms = "rft.sandboxes.local.sandbox, rft.sandboxes.docker.sandbox, rft.sandboxes.http.serve"
    program = f"import sys; before = list(sys.path); import {rooms}"
    shown = subprocess.run(
        [sys.executable, "-c", f"{program}; print(sys.path == before)"], capture_output=True, text=True
    )
    assert shown.stdout == "True\n", shown.stderr
