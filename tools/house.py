"""Reads the imports of the package: which room imports which, its floor, and whether there is a circle.

A *room* is a folder of Python files, or one of the single files right under ``rft/``. Rooms are read from the code as
text, imports for types and inside functions included; nothing is imported or run.

    python -m tools.house            print the floors
    python -m tools.house --write    put the picture into docs/architecture.md
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINKED = ("sandboxes", "tasks", "verifiers")
"""Folders at the top that are imported as ``rft.NAME``."""
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- floors: made by `python -m tools.house --write` -->", "<!-- end of floors -->"

Graph = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Returns every module of the package: dotted name -> file."""
    files = [path for path in (ROOT / "rft").rglob("*.py") if "__pycache__" not in path.parts]
    files += [path for name in LINKED for path in (ROOT / name).rglob("*.py")]
    named = {}
    for path in files:
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts if parts[0] == "rft" else ("rft", *parts)
        if parts[1:2] and parts[1] in LINKED and path.is_relative_to(ROOT / "rft"):
            continue  # the same file through its link
        named[".".join(parts).removesuffix(".__init__")] = path
    return named


def imports(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Returns the modules of the package that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else node.module
                for alias in node.names
            }
    return names & known.keys()


def room_of(module: str, path: Path) -> str:
    """Returns the room of a module, without the leading ``rft.``; a file right under ``rft/`` is its own."""
    if path.parent == ROOT / "rft" and path.name != "__init__.py":
        return path.stem
    name = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return name.removeprefix("rft.")


def module_graph() -> Graph:
    """Returns module -> the modules it imports."""
    known = modules()
    return {name: imports(path, known) - {name} for name, path in known.items()}


def room_graph() -> Graph:
    """Returns room -> the other rooms it imports."""
    known = modules()
    rooms = {name: room_of(name, path) for name, path in known.items()}
    graph: Graph = {room: set() for room in rooms.values()}
    for name, path in known.items():
        graph[rooms[name]] |= {rooms[other] for other in imports(path, known)} - {rooms[name]}
    return graph


def circle(graph: Graph) -> list[str]:
    """Returns one circle of a graph, or nothing."""
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name not in done:
            for other in sorted(graph[name]):
                if found := walk(other, [*trail, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def floors(graph: Graph) -> list[list[str]]:
    """Returns the rooms by floor, the ground floor first: a room stands just above all that it imports."""
    height: dict[str, int] = {}

    def high(name: str) -> int:
        if name not in height:
            height[name] = 1 + max((high(other) for other in graph[name]), default=-1)
        return height[name]

    for name in graph:
        high(name)
    return [sorted(room for room in height if height[room] == floor) for floor in range(max(height.values()) + 1)]


def picture(graph: Graph) -> Iterator[str]:
    """Yields the floors as lines of text, the top one first."""
    for number, rooms in reversed(list(enumerate(floors(graph)))):
        yield f"{number:>3}  " + "   ".join(rooms)


def main() -> None:
    """Prints the floors, or writes them into the page."""
    graph = room_graph()
    if found := circle(graph):
        raise SystemExit("a circle: " + " -> ".join(found))
    lines = "\n".join(picture(graph))
    if "--write" not in sys.argv:
        print(lines)
        return
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n```text\n{lines}\n```\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
