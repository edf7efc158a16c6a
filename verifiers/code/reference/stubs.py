"""What ``rft check`` puts to the verifier: the reference's own solution, programs that solve nothing, tests one by one.

A stub does nothing but be there: it returns None, or a number that no test asks for. A test that neither of them fails
could not fail for any reason, and proves nothing of a candidate.
"""

import ast
from collections.abc import Iterator, Mapping

from rft.sandboxes.languages import LANGUAGES
from rft.types import JSON
from rft.verifiers.code.reference.read import read_reference

ODD = -7919
"""A value that is true, no small number, no text and no collection."""
MAX_SINGLES = 256
"""Tests of one problem that are tried alone: the first so many."""


def solved(reference: Mapping[str, JSON]) -> list[str]:
    """Returns the completion that must be correct: the reference's solution, if it has one."""
    solution = reference.get("solution")
    return [_fenced(solution, language(reference))] if isinstance(solution, str) and solution.strip() else []


def empty(reference: Mapping[str, JSON]) -> list[str]:
    """Returns the program that does nothing; none for a language that is not known here."""
    name = language(reference)
    return [_fenced(LANGUAGES[name].stubs.empty, name)] if name in LANGUAGES else []


def stubs(reference: Mapping[str, JSON]) -> list[str]:
    """Returns programs of which every test must refuse at least one."""
    read, name = read_reference(reference), language(reference)
    if isinstance(read, str):
        return []
    if name not in LANGUAGES:
        return []
    spec_stubs = LANGUAGES[name].stubs
    if read.form == "stdio":
        return [*empty(reference), _fenced(spec_stubs.printing % ODD, name)]
    owner, _, method = (read.wanted or "").rpartition(".")
    program = spec_stubs.method if owner else spec_stubs.function
    if program is None or not method:
        return []
    return [
        _fenced(program.format(owner=owner, name=method, value=value), name) for value in (spec_stubs.nothing, str(ODD))
    ]


def singles(reference: Mapping[str, JSON]) -> Iterator[dict[str, JSON]]:
    """Yields the reference once per test, with that test alone."""
    bare = {key: value for key, value in reference.items() if key not in ("solution", "checks", "tests", "cases")}
    for key in ("cases", "tests"):
        parts = reference.get(key)
        if isinstance(parts, str):
            parts = list(_alone(parts))
        if isinstance(parts, list):
            for part in parts[:MAX_SINGLES]:
                yield bare | {key: [part] if key == "cases" else part}


def language(reference: Mapping[str, JSON]) -> str:
    """Returns the language of a reference's programs."""
    said = str(reference.get("language") or "python")
    return next((spec.name for spec in LANGUAGES.values() if said in (spec.name, *spec.aliases)), said)


def _alone(tests: str) -> Iterator[str]:
    """A test program once per assert statement, with all others taken out; ``assert True`` is no test."""
    try:
        program = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError):
        return  # not Python, or nothing that the verifier could use either: it says so itself
    for node in ast.walk(program):
        if isinstance(node, ast.Assert) and not (isinstance(node.test, ast.Constant) and node.test.value):
            yield ast.unparse(ast.fix_missing_locations(_Only(node).visit(ast.parse(tests))))


class _Only(ast.NodeTransformer):
    """Takes every assert statement out but the one that stands where a given one does."""

    def __init__(self, kept: ast.Assert) -> None:
        self.place = (kept.lineno, kept.col_offset)

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        return node if (node.lineno, node.col_offset) == self.place else ast.Pass()


def _fenced(program: str, name: str) -> str:
    fence = "```"
    while fence in program:
        fence += "`"
    return f"{fence}{name}\n{program.rstrip()}\n{fence}"
