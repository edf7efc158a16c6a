"""The house stands: links resolve, imports go down only, no circle, importing is quick and does nothing."""

import ast
import subprocess
import sys
from collections import defaultdict

import pytest

from tools import house

ROOT = house.ROOT
MOST_FILES = 12
"""Files that lie flat in one folder."""

GROUND = {"types", "errors", "seeds", "options", "registry", "version"}
MAY_IMPORT: dict[str, set[str]] = {
    "expressions": set(),
    "config": {"config.presets"},
    "config.presets": set(),
    "store": set(),
    "processes": set(),
    "sandboxes": {
        "sandboxes.inside",
        "sandboxes.inside.child",
        "sandboxes.inside.supervisor",
        "sandboxes.languages",
    },
    "sandboxes.languages": set(),
    "sandboxes.local": {"sandboxes", "sandboxes.inside.child", "sandboxes.languages"},
    "sandboxes.docker": {"sandboxes", "sandboxes.docker.image", "sandboxes.inside.child", "sandboxes.languages"},
    "sandboxes.docker.image": set(),
    "sandboxes.http": {"sandboxes", "sandboxes.languages"},
    "sandboxes.inside": set(),
    "sandboxes.inside.supervisor": {"sandboxes.inside", "sandboxes.inside.child"},
    "sandboxes.inside.child": {"sandboxes.inside", "sandboxes.inside.exam"},
    "sandboxes.inside.exam": {"sandboxes.inside", "sandboxes.inside.exam.wire"},
    "sandboxes.inside.exam.wire": set(),
    "selection": {"selection.filters"},
    "selection.filters": {"expressions"},
    "tasks": {"tasks.sources"},
    "tasks.data": {"tasks.sources"},
    "tasks.sources": {"store"},
    "verifiers": {"verifiers.extraction"},
    "verifiers.choice": {"verifiers", "verifiers.extraction", "verifiers.math.equal"},
    "verifiers.spelling": {"expressions"},
    "verifiers.extraction": {"verifiers.spelling"},
    "verifiers.math": {
        "expressions",
        "processes",
        "verifiers.extraction",
        "verifiers.math.equal",
        "verifiers.math.read",
    },
    "verifiers.math.read": {"expressions", "verifiers.spelling"},
    "verifiers.math.equal": {"expressions", "verifiers.math.read", "verifiers.spelling"},
    "verifiers.code": {
        "sandboxes",
        "sandboxes.languages",
        "verifiers.code.answer",
        "verifiers.code.reference",
        "verifiers.code.trial",
    },
    "verifiers.code.answer": {"sandboxes.languages", "verifiers.extraction"},
    "verifiers.code.reference": {"sandboxes", "sandboxes.languages", "verifiers.code.answer"},
    "verifiers.code.trial": {
        "sandboxes",
        "sandboxes.inside.exam",
        "sandboxes.inside.exam.wire",
        "sandboxes.languages",
        "verifiers.code.reference",
    },
    "prompts": {"config", "store"},
    "models": {"processes"},
    "metrics": {"config", "store"},
    "checked": set(),
    "components": {"checked", "config", "samplers", "sandboxes", "tasks", "trainers", "verifiers"},
    "samplers": {"store"},
    "samplers.vllm": {"processes", "prompts"},
    "exports": {"store"},
    "judging": {
        "checked",
        "components",
        "config",
        "expressions",
        "processes",
        "sandboxes",
        "store",
        "tasks",
        "verifiers",
        "verifiers.choice",
        "verifiers.code.reference",
        "verifiers.math.read",
    },
    "trainers": {"models", "processes"},
    "trainers.trl": {"models", "prompts", "processes", "trainers"},
    "report": {"judging", "store"},
    "rounds.inputs": {"components", "config", "models", "store"},
    "rounds.budgets": set(),
    "rounds": {
        "rounds.budgets",
        "rounds.inputs",
        "checked",
        "components",
        "config",
        "exports",
        "judging",
        "metrics",
        "models",
        "processes",
        "prompts",
        "report",
        "samplers",
        "sandboxes",
        "selection",
        "selection.filters",
        "store",
        "trainers",
        "verifiers",
    },
    "hello": set(),
    "testing": set(),
    "api": {"components", "config", "judging", "metrics", "models", "report", "rounds", "rounds.inputs", "store"},
    "rft": {"api", "judging", "metrics", "verifiers.math.equal"},
}
"""Room -> what it may import of ``rft`` besides the ground floor. ``cli`` stands on top and may import all.

``rft`` is the face, ``rft/__init__.py``: it takes names from where they are, and nobody imports it."""


def test_every_room_has_its_rule() -> None:
    ruled = {*MAY_IMPORT, *GROUND, "cli", "__main__"}
    assert set(house.room_graph()) == ruled


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_imports_go_down_only(room: str) -> None:
    allowed = MAY_IMPORT[room] | GROUND
    assert house.room_graph()[room] <= allowed


def test_the_ground_floor_stands_on_nothing_but_itself() -> None:
    graph = house.room_graph()
    assert all(graph[room] <= GROUND for room in GROUND)


def test_no_module_imports_itself_through_others() -> None:
    assert house.circle(house.module_graph()) == []


def test_no_room_imports_itself_through_others() -> None:
    assert house.circle(house.room_graph()) == []


def test_no_folder_is_a_heap() -> None:
    folders = defaultdict(set)
    for path in house.modules().values():
        if path.name != "__init__.py":
            folders[path.parent].add(path.name)
    assert {str(folder): len(files) for folder, files in folders.items() if len(files) > MOST_FILES} == {}


def test_a_class_name_is_used_once() -> None:
    places = defaultdict(list)
    for module, path in house.modules().items():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("name", house.LINKED)
def test_a_linked_room_is_the_folder_at_the_top(name: str) -> None:
    link = ROOT / "rft" / name
    assert link.is_symlink()
    assert link.resolve() == ROOT / name


def test_the_command_line_starts_without_heavy_packages() -> None:
    heavy = ["numpy", "pyarrow", "pydantic", "datasets", "sympy", "torch", "transformers", "vllm", "docker"]
    program = f"import sys, rft.cli.app; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_importing_the_package_takes_the_standard_library_alone() -> None:
    program = (
        "import sys; before = set(sys.modules); import rft\n"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(roots - sys.stdlib_module_names))"
    )
    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {program}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == "['rft']\n"


def test_the_host_imports_nothing_that_is_run_inside_by_its_path() -> None:
    """Such a file puts its folders first on ``sys.path``, where bare ``verifiers`` or ``tasks`` would be found."""
    rooms = "rft.sandboxes.local.sandbox, rft.sandboxes.docker.sandbox, rft.sandboxes.http.serve"
    program = f"import sys; before = list(sys.path); import {rooms}"
    shown = subprocess.run(
        [sys.executable, "-c", f"{program}; print(sys.path == before)"], capture_output=True, text=True
    )
    assert shown.stdout == "True\n", shown.stderr


def test_the_page_shows_the_floors_as_they_are() -> None:
    assert "\n".join(house.picture(house.room_graph())) in house.PAGE.read_text("utf-8")
