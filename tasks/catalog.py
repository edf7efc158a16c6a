"""Says what tasks there are and which options each takes, for ``rft tasks``."""

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rft.options import allowed_values, option_types, type_name
from rft.registry import declared, load
from rft.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a task."""

    name: str
    type: str
    """With the range, where there is one: ``int, at least 1``."""
    default: str | None
    """As it is written in Python; None for an option that must be given."""
    doc: str
    """The text under the field; empty when there is none."""


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a user needs to know to choose and configure a task."""

    kind: str
    summary: str
    """First paragraph of the class's docstring."""
    splits: tuple[str, ...] | None
    """Names of the splits with default options; None when they depend on options or cannot be known."""
    options: tuple[Option, ...]
    """Those that must be given come first."""


def describe(kind: str) -> TaskInfo:
    """Returns what there is to know about a task.

    Raises:
        InputError: nothing goes by that name.
    """
    cls = load("task", kind, TASKS)
    types, docs = option_types(cls), _field_docs(cls)
    fields = [field for field in dataclasses.fields(cls) if field.init]
    written = (Option(f.name, _typed(types[f.name]), _default(f), docs.get(f.name, "")) for f in fields)
    options = sorted(written, key=lambda option: option.default is not None)
    splits = None if options and options[0].default is None else declared(cls(), "splits")
    summary = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return TaskInfo(kind, summary, splits, tuple(options))


def _typed(annotation: Any) -> str:
    return ", ".join(filter(None, (type_name(annotation), allowed_values(annotation))))


def _default(field: dataclasses.Field[Any]) -> str | None:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    return None if field.default_factory is dataclasses.MISSING else repr(field.default_factory())


def _field_docs(cls: type[Any]) -> dict[str, str]:
    """The string literals that stand under fields, those of parent classes included."""
    docs: dict[str, str] = {}
    for parent in reversed([base for base in cls.__mro__ if dataclasses.is_dataclass(base)]):
        docs |= dict(_literals(parent))
    return docs


def _literals(cls: type[Any]) -> Iterator[tuple[str, str]]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except OSError:  # made at run time, or the source is not at hand
        return
    body = getattr(ast.parse(source).body[0], "body", [])
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())
