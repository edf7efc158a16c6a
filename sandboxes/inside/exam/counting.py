"""Counts the checks of a test program as they run: its ``assert`` statements and the assert methods of unittest.

A check counts once its condition has a truth value, so one whose evaluation raised has not been done. One that failed
fails the exam even where the program catches the AssertionError.
"""

import ast
from collections.abc import Callable
from typing import Any

CHECK = "__rft_check__"
FAILED = "__rft_failed__"


class Checks:
    """How many checks were done and which failed first."""

    def __init__(self) -> None:
        self.done = 0
        self.muted = 0
        """Above 0 while the candidate calls a function of the tests: how often it does so must not count."""
        self.failed: int | None = None
        self.detail = ""
        self._inside = False

    def check(self, value: object, line: int) -> bool:
        """Notes one check and returns whether it holds."""
        held = bool(value)
        self.note(held, f"line {line}")
        return held

    def note(self, held: bool, detail: str) -> None:
        """Notes one check that has been evaluated."""
        if not held and self.failed is None:
            self.failed, self.detail = self.done, detail
        if not self.muted:
            self.done += 1

    def method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Returns an assert method of unittest that is noted, once however many others it calls."""

        def noted(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return method(*args, **kwargs)
            self._inside, held = True, False
            try:
                result = method(*args, **kwargs)
                held = True
                return result
            finally:
                self._inside = False
                self.note(held, method.__name__)

        return noted


def instrument(tree: ast.Module) -> None:
    """Turns every ``assert a, b`` into ``if not CHECK(a, line): raise FAILED(b)``.

    Only statements are walked: a test program may hold megabytes of literals.
    """
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            nested = getattr(node, name, None)
            if type(nested) is not list:
                continue
            for i, child in enumerate(nested):
                if type(child) is ast.Assert:
                    nested[i] = _counted(child)
                else:
                    pending.append(child)


def _counted(node: ast.Assert) -> ast.If:
    where: dict[str, Any] = {
        "lineno": node.lineno,
        "col_offset": node.col_offset,
        "end_lineno": node.end_lineno,
        "end_col_offset": node.end_col_offset,
    }
    load = ast.Load()
    line = ast.Constant(node.lineno, **where)
    check = ast.Call(ast.Name(CHECK, load, **where), [node.test, line], [], **where)
    failed = ast.Call(ast.Name(FAILED, load, **where), [node.msg] if node.msg else [], [], **where)
    return ast.If(ast.UnaryOp(ast.Not(), check, **where), [ast.Raise(failed, None, **where)], [], **where)


def calls_at_top(tree: ast.Module, name: str) -> bool:
    """Whether a module calls a function of its own when it is run, not under ``if __name__ == …``."""
    pending: list[Any] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or _is_main_guard(node):
            continue
        value = getattr(node, "value", None)
        if type(value) is ast.Call and type(value.func) is ast.Name and value.func.id == name:
            return True
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            nested = getattr(node, field, None)
            pending += nested if type(nested) is list else []
    return False


def _is_main_guard(node: Any) -> bool:
    test = node.test if type(node) is ast.If else None
    return type(test) is ast.Compare and type(test.left) is ast.Name and test.left.id == "__name__"
