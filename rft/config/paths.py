"""Which folder a path in a config is taken from: the config's own for keys in the file, the current one for overrides.

Paths are made absolute when a config is loaded, so that a run means the same from wherever it is resumed. Options of
components are known by name, for built-in components and others alike: what is called ``path``, ``configs``, ``cwd``,
``chat_template`` or ``log`` is a path; ``source`` of a task and ``model`` are one where such a file or folder is
there, else a name. A trainer's ``command`` is left as it is written: it runs in ``train.cwd``, else in the current
folder.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ALWAYS = frozenset({"path", "configs", "cwd", "chat_template", "log"})
IF_THERE = frozenset({"source"})
SECTIONS = ("task", "sampler", "train")


def resolve_paths(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Returns the tree of a config with its paths taken from a folder; what is not a path is left as it is."""
    resolved = dict(data)
    for section in SECTIONS:
        if isinstance(resolved.get(section), Mapping):
            resolved[section] = from_folder(resolved[section], folder)
    if isinstance(resolved.get("trackers"), list | tuple):
        resolved["trackers"] = [
            from_folder(tracker, folder) if isinstance(tracker, Mapping) else tracker
            for tracker in resolved["trackers"]
        ]
    if "runs" in resolved:
        resolved["runs"] = _each(resolved["runs"], lambda text: _absolute(text, folder))
    if "model" in resolved:
        resolved["model"] = _each(resolved["model"], lambda text: _if_there(text, folder))
    return resolved


def from_folder(section: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Returns the options of a component with its paths taken from a folder."""
    resolved = dict(section)
    for name in resolved.keys() & ALWAYS:
        resolved[name] = _each(resolved[name], lambda text: _absolute(text, folder))
    for name in resolved.keys() & IF_THERE:
        resolved[name] = _each(resolved[name], lambda text: _if_there(text, folder))
    return resolved


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each(item, change) for name, item in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list | tuple) else value


def _absolute(text: str, folder: Path) -> str:
    return text if "://" in text or not text else str(folder.absolute() / Path(text).expanduser())


def _if_there(text: str, folder: Path) -> str:
    path = folder.absolute() / Path(text).expanduser()
    return str(path) if text.startswith((".", "~", "/")) or (text and path.exists()) else text
