"""What the tasks of programs share: where their rows come from, and how tests become references.

A reference of the ``code`` verifier is a JSON object. Values of Python that JSON lacks cross as tagged objects with one
key: ``{"$tuple": [1, 2]}``, ``{"$set": []}``, ``{"$dict": [[1, "a"]]}``, ``{"$float": "inf"}``, ``{"$int": "0x1f"}``.
"""

import ast
import builtins
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import ClassVar

from rft.errors import InputError, unknown
from rft.tasks.sources.columns import column, unique
from rft.tasks.sources.files import path_of, paths_by_split
from rft.tasks.sources.rows import Located, file_rows, jsonl_rows
from rft.types import JSON, Problem

EXACT_INT = 2**53
"""Whole numbers beyond this are not safe as JSON numbers."""
MODULES = (
    "bisect",
    "collections",
    "copy",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "random",
    "re",
    "string",
)
CONTEST_IMPORTS = "\n".join(
    [
        *(f"import {name}" for name in (*MODULES, "sys")),
        *(f"from {name} import *" for name in (*MODULES, "typing", "builtins")),
    ]
)
"""What contest sites import before an answer, as LiveCodeBench's and APPS's own checkers do. ``builtins`` comes last,
so that ``pow`` is not ``math.pow``."""


@dataclass(frozen=True)
class CodeTask:
    """Problems whose rows come from the hub, from the package or from a local file with the hub's columns."""

    source: str | dict[str, str] = "hub"
    """hub, or a local JSONL or Parquet file with the hub's columns: one (split train) or one per split."""
    revision: str | None = None
    """Commit, tag or branch of the hub's dataset."""

    kind: ClassVar[str]
    hub_splits: ClassVar[tuple[str, ...]]
    shipped_splits: ClassVar[tuple[str, ...]] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """Upstream's splits, those that ship, or those that a file is given for."""
        if self.source == "hub":
            return self.hub_splits
        return self.shipped_splits if self.source == "shipped" else tuple(paths_by_split(self.source))

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in upstream's order.

        Raises:
            InputError: the split is unknown, the data cannot be had, or a row is malformed (file and line are named).
        """
        if self.source == "shipped" and not self.shipped_splits:
            raise InputError(f"task '{self.kind}' ships no data; source is hub, or a local file")
        if split not in self.splits:
            raise unknown("split", split, self.splits, where=f" of task '{self.kind}'")
        return unique(self._problems(split))

    def _problems(self, split: str) -> Iterator[tuple[str, Problem]]:
        for located in self._rows(split):
            problem = self._problem(located, split)
            if problem is not None:
                yield located.where, problem

    def _rows(self, split: str) -> Iterator[Located]:
        if self.source == "hub":
            return self._hub_rows(split)
        return self._shipped_rows(split) if self.source == "shipped" else file_rows(path_of(self.source, split))

    def _hub_rows(self, split: str) -> Iterator[Located]:
        raise NotImplementedError

    def _shipped_rows(self, split: str) -> Iterator[Located]:
        raise NotImplementedError

    def _problem(self, located: Located, split: str) -> Problem | None:
        """A row's problem; None for a row that upstream publishes without tests."""
        raise NotImplementedError


def shipped_rows(folder: str, name: str) -> Iterator[Located]:
    """Yields the rows of a JSONL file that ships under ``tasks/data``."""
    with resources.as_file(resources.files("rft.tasks") / "data" / folder / name) as path:
        yield from jsonl_rows(path)


def text(located: Located, name: str) -> str:
    """Returns a column that must hold text with something in it.

    Raises:
        InputError: there is no such column, or it holds something else.
    """
    value = column(located, name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{located.where}: column '{name}' must hold text")
    return value


def texts(located: Located, name: str) -> list[str]:
    """Returns a column that must hold a list of texts, at least one.

    Raises:
        InputError: there is no such column, or it holds something else.
    """
    value = column(located, name)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise InputError(f"{located.where}: column '{name}' must hold a list of texts")
    return value


def stdin_cases(inputs: Sequence[object], outputs: Sequence[object], where: str) -> list[JSON]:
    """Returns the cases of a whole program: what it reads, and what it must write.

    Raises:
        InputError: there are more of one than of the other, or one is not text.
    """
    if len(inputs) != len(outputs):
        raise InputError(f"{where}: {len(inputs)} inputs stand against {len(outputs)} outputs")
    cases: list[JSON] = []
    for stdin, stdout in zip(inputs, outputs, strict=True):
        if not isinstance(stdin, str) or not isinstance(stdout, str):
            raise InputError(f"{where}: inputs and outputs must be text")
        cases.append({"stdin": stdin, "stdout": stdout})
    return cases


def tagged(value: object, where: str) -> JSON:
    """Returns a plain value of Python as JSON, with tags for what JSON lacks.

    >>> tagged((1, {2: float("inf")}), "here")
    {'$tuple': [1, {'$dict': [[2, {'$float': 'inf'}]]}]}

    Raises:
        InputError: it is not made of numbers, text, bytes and containers.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= EXACT_INT else {"$int": hex(value)}
        case float():
            return value if math.isfinite(value) else {"$float": str(value)}
        case complex():
            return {"$complex": [tagged(value.real, where), tagged(value.imag, where)]}
        case bytes():
            return {"$bytes": value.hex()}
        case list():
            return [tagged(item, where) for item in value]
        case tuple():
            return {"$tuple": [tagged(item, where) for item in value]}
        case set() | frozenset():
            # sorted by their text: the order of a set of texts changes from process to process
            return {f"${type(value).__name__}": [tagged(item, where) for item in sorted(value, key=repr)]}
        case dict():
            return {"$dict": [[tagged(key, where), tagged(item, where)] for key, item in value.items()]}
    raise InputError(f"{where}: holds {type(value).__name__}, which cannot cross to a candidate as a plain value")


def entry_point_of(tests: Sequence[str]) -> str | None:
    """Returns the one function that assert statements call and that neither they nor Python define.

    None when there are several such names (tests that build objects of a class that the answer has to define), or none.

    >>> entry_point_of(["assert set(similar((3, 4), (5, 4))) == set((4,))"])
    'similar'
    """
    tree = parsed("\n".join(tests))
    if tree is None:
        return None
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    names = {name for name in called if name not in defined_by(tree) and not hasattr(builtins, name)}
    return names.pop() if len(names) == 1 else None


def missing_imports(tests: Sequence[str]) -> list[str]:
    """Returns the import lines that assert statements lack: some name a module that only the answer used to import.

    >>> missing_imports(["assert tuple_size((1, 2)) == sys.getsizeof((1, 2))"])
    ['import sys']
    """
    tree = parsed("\n".join(tests))
    if tree is None:
        return []
    roots = {
        node.value.id for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    return [f"import {name}" for name in sorted(roots & sys.stdlib_module_names - defined_by(tree))]


def defined_by(tree: ast.Module) -> set[str]:
    """Returns the names that a program binds anywhere: imports, functions, classes, variables."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name.partition(".")[0])
    return names


def parsed(source: str) -> ast.Module | None:
    """Returns a program's syntax tree, None when it is no Python 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in a solution is not our reader's business
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def first_python(solutions: Sequence[object]) -> str | None:
    """Returns the first of several solutions that is a Python 3 program; datasets mix in Python 2."""
    return next((one for one in solutions if isinstance(one, str) and one.strip() and parsed(one)), None)


def without_empty(reference: dict[str, JSON]) -> dict[str, JSON]:
    """Returns a reference without the keys that say nothing."""
    return {name: value for name, value in reference.items() if value not in (None, "")}
