"""Looks up a component by name and builds it from a user's options, with one clear sentence for every mistake.

A name is a key of one of the literal tables (``rft.tasks.TASKS`` and so on), an entry point of the group of the same
name (``rft.tasks``), or ``module:Class``, where the module may lie in the current folder. Components are dataclasses
whose fields are their options, so the same check serves ours and a third party's.
"""

import dataclasses
import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from rft.errors import InputError, raised, unknown
from rft.options import allowed_values, option_types
from rft.types import Hooks

_NOTHING_SAID = Hooks()

METHODS: dict[str, tuple[str, ...]] = {
    "task": ("problems",),
    "sampler": ("sample",),
    "sandbox": ("run", "examine", "alone", "close"),
    "verifier": ("verify",),
    "budget": ("n",),
    "filter": ("drop",),
    "format": ("schema", "record"),
    "trainer": ("fit",),
    "tracker": ("begin", "end", "note"),
}
"""Kind of component -> the methods that it must have; their protocols are in ``rft.types``, a tracker's is
``rft.report.progress.Observer``."""


def declared(component: object, hook: str) -> Any:
    """Returns what a component, or its class, says under a name of ``rft.types.Hooks``; else what holds by default.

    >>> declared(object(), "splits") is None
    True
    """
    return getattr(component, hook, getattr(_NOTHING_SAID, hook))


def load(kind: str, name: str, table: Mapping[str, str], where: str = "") -> type[Any]:
    """Returns the class behind a name.

    Args:
        kind: a key of ``METHODS``; used in messages and for entry points.
        name: a key of ``table``, the name of an entry point in the kind's group, or ``module:Class``.
        table: name -> "module:Class".
        where: how a message should go on after the name, e.g. `` in problem gsm8k/17``.

    Raises:
        InputError: nothing goes by that name, the module it names cannot be imported, or the class lacks a method.
    """
    path = table.get(name) or _plugins(kind).get(name) or (name if ":" in name else None)
    if path is None:
        raise InputError(f"{unknown(kind, name, [*table, *_plugins(kind)], where)}; one of your own is module:Class")
    module_name, _, attribute = path.partition(":")
    who = f"{kind} '{name}'{where}"
    if not all(part.isidentifier() for part in [*module_name.split("."), attribute]):
        raise InputError(f"{who}: write module:Class, e.g. mine:Mine for class Mine in the file mine.py")
    module = _imported(module_name, who)
    cls = vars(module).get(attribute)
    if cls is None:
        raise InputError(f"{who}: {module_name} has no '{attribute}'{_nearest(attribute, _classes(module))}")
    if not dataclasses.is_dataclass(cls) or not isinstance(cls, type):
        raise InputError(f"{who}: {path} is not a dataclass; its fields are what a config may set")
    if missing := [method for method in METHODS[kind] if method not in dir(cls)]:
        seam = "Observer in rft.report.progress" if kind == "tracker" else f"{kind.capitalize()} in rft.types"
        raise InputError(f"{who} has no method '{missing[0]}'; see {seam}")
    return cls


def build(kind: str, name: str, cls: type[Any], options: Mapping[str, Any]) -> Any:
    """Makes ``cls`` from options, checked against the types of its fields and the ranges in them.

    Raises:
        InputError: an option is unknown, missing, of the wrong type or out of its range; the nearest name is offered.
    """
    from pydantic import TypeAdapter, ValidationError

    types = option_types(cls)
    for option in options:
        if option not in types:
            raise unknown("option", option, types, where=f" of {kind} '{name}'")
    try:
        return TypeAdapter(cls).validate_python(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        spot = first["loc"][0] if first["loc"] else name
        # an option of several types has an error for each
        messages = (e["msg"].lower() for e in error.errors() if e["loc"][:1] == first["loc"][:1])
        rule = " or ".join(dict.fromkeys(messages))
        if first["type"] in _OUT_OF_RANGE and spot in types:
            rule = f"must be {allowed_values(types[spot])}"
        value = "" if first["type"] == "missing" else f"; seen: {first['input']!r}"
        raise InputError(f"{kind} '{name}', option '{spot}': {rule}{value}") from error


_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"}
"""Pydantic's names for a number of the right type that is not allowed."""


def _imported(name: str, who: str) -> ModuleType:
    """Imports a module, from the current folder too; whatever its code raises becomes one sentence."""
    importlib.invalidate_caches()  # a module that was written a moment ago
    try:
        with _current_folder_first():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name and not name.startswith(f"{error.name}."):
            raise InputError(f"{who}: module {name} needs '{error.name}', which is not installed here") from error
        near = _nearest(name, _modules_here())
        raise InputError(f"{who}: no module '{name}' in {Path.cwd()} or among the installed packages{near}") from error
    except Exception as error:  # a third party's module may raise anything while it is imported
        raise InputError(f"{who}: module {name} cannot be imported: {raised(error)}") from error


@contextmanager
def _current_folder_first() -> Iterator[None]:
    """The ``rft`` script does not look for modules in the current folder, as ``python -m rft`` does."""
    folder, before = str(Path.cwd()), list(sys.path)
    if folder not in before and "" not in before:
        sys.path.insert(0, folder)
    try:
        yield
    finally:
        if sys.path[:1] == [folder] and before[:1] != [folder]:
            del sys.path[0]


def _modules_here() -> list[str]:
    files = [path.stem for path in Path().glob("*.py")]
    return [*files, *(path.parent.name for path in Path().glob("*/__init__.py"))]


def _classes(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, type) and not name.startswith("_")]


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    shown = ", ".join(sorted(names)[:10])
    return f"{hint or ';'} There: {shown}" if shown else hint


@cache
def _plugins(kind: str) -> dict[str, str]:
    """What others registered in the group of a kind: ``rft.tasks``, ``rft.sandboxes``."""
    return {point.name: point.value for point in entry_points(group=f"rft.{kind}{'es' if kind.endswith('x') else 's'}")}
