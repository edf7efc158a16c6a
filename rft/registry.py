"""Looks up a component by name and builds it from a user's options, with one clear sentence for every mistake.

A name is a key of one of the literal tables (``rft.tasks.TASKS`` and so on), an entry point of the group of the same
name (``rft.tasks``), or ``module:Class``. Components are dataclasses whose fields are their options, so the same check
serves ours and a third party's.
"""

import dataclasses
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from rft.errors import InputError, unknown


def load(kind: str, name: str, table: Mapping[str, str], where: str = "") -> type[Any]:
    """Returns the class behind a name.

    Args:
        kind: "task", "sampler", "verifier", "sandbox" or "trainer"; used in messages and for entry points.
        name: a key of ``table``, the name of an entry point in the kind's group, or ``module:Class``.
        table: name -> "module:Class".
        where: how a message should go on after the name, e.g. `` in problem gsm8k/17``.

    Raises:
        InputError: nothing goes by that name, or the module it names cannot be imported.
    """
    path = table.get(name) or _plugins(kind).get(name) or (name if ":" in name else None)
    if path is None:
        raise unknown(kind, name, [*table, *_plugins(kind)], where)
    module, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{kind} '{name}'{where} could not be loaded from {path}: {error}") from error
    if not dataclasses.is_dataclass(found) or not isinstance(found, type):
        raise InputError(f"{kind} '{name}'{where}: {path} is not a dataclass; its fields are what a config may set")
    return found


def build(kind: str, name: str, cls: type[Any], options: Mapping[str, Any]) -> Any:
    """Makes ``cls`` from options, checked against the types of its fields.

    Raises:
        InputError: an option is unknown, missing or of the wrong type; the nearest name is offered.
    """
    from pydantic import TypeAdapter, ValidationError

    fields = {f.name for f in dataclasses.fields(cls) if f.init}
    for option in options:
        if option not in fields:
            raise unknown("option", option, fields, where=f" of {kind} '{name}'")
    try:
        return TypeAdapter(cls).validate_python(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        spot = first["loc"][0] if first["loc"] else name
        # an option of several types has an error for each
        wanted = " or ".join(
            dict.fromkeys(e["msg"].lower() for e in error.errors() if e["loc"][:1] == first["loc"][:1])
        )
        seen = "" if first["type"] == "missing" else f"; seen: {first['input']!r}"
        raise InputError(f"{kind} '{name}', option '{spot}': {wanted}{seen}") from error


@cache
def _plugins(kind: str) -> dict[str, str]:
    """What others registered in the group of a kind: ``rft.tasks``, ``rft.sandboxes``."""
    return {point.name: point.value for point in entry_points(group=f"rft.{kind}{'es' if kind.endswith('x') else 's'}")}
