"""What a Python test program is about: the function that it calls, and whether it checks anything."""

import ast
import builtins
from collections.abc import Iterator, Sequence

from rft.verifiers.code.answer.python_source import Definition, bound_names, statements, unescaped


def infer_entry_point(tests: str | Sequence[str]) -> str | None:
    """Returns the function that tests are about: the first that an assert calls and nobody has defined.

    Wrappers that are built in, imported or defined by the tests themselves are looked through. Where no assert calls
    one, any other call does, and then what ``check`` is called with. None when the tests do not tell, or are no Python.

    >>> infer_entry_point("assert set(similar((3, 4), (5, 4))) == set((4,))")
    'similar'
    >>> infer_entry_point(["import math", "assert math.isclose(area(2), 12.57, rel_tol=0.01)"])
    'area'
    """
    try:
        tree = ast.parse(unescaped(tests if isinstance(tests, str) else "\n".join(tests)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    known = set(dir(builtins)).union(*(bound_names(node) for node in statements(tree.body)))
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    known |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    asserts = [node.test for node in _in_order(tree) if isinstance(node, ast.Assert)]
    for tested in [*asserts, tree]:
        for call in _in_order(tested):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id not in known | arguments:
                return call.func.id
    for call in (node for node in _in_order(tree) if isinstance(node, ast.Call)):
        for name in call.args:
            if isinstance(call.func, ast.Name) and isinstance(name, ast.Name) and name.id not in known:
                return name.id
    return None


def calls_check(tree: ast.Module) -> bool | None:
    """Whether a program calls the function ``check`` that it defines; None when it defines none."""
    if not any(isinstance(node, Definition) and node.name == "check" for node in tree.body):
        return None
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return any(name.id == "check" and isinstance(name.ctx, ast.Load) for name in names)


def checks_nothing(tree: ast.Module) -> bool:
    """Whether a program holds neither an assert nor a call."""
    return not any(isinstance(node, ast.Assert | ast.Call) for node in ast.walk(tree))


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree in the order in which they are written, outer ones first."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))
