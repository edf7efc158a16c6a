"""What Python's own parser says of a text: does it parse, what does it define, what does it still need.

Text from a model is only ever parsed, never compiled to byte code or run. The parser takes up to 8 µs per token, so a
``Parser`` has a budget of tokens for one completion; what is beyond it counts as not parsed.
"""

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_TOKENS = 12_000
"""Tokens of one completion that are parsed, all attempts together: about 40 kB of code."""
MAX_CHARS = 600_000
"""Characters of one completion that are looked at, all attempts together."""
MIN_CHARS = 100
"""What the shortest attempt counts."""

_TOKEN = re.compile(r"\w+|[^\w\s]|\n")
_BACKSLASH = re.compile(r"\\(?:N\{[^{}\"'\n]*+\}|[^\n\"'{}]|(?=[{}]))")
_UNFINISHED = ("never closed", "unterminated triple-quoted", "expected an indented block", "unexpected EOF")
_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__builtins__", "__spec__", "__class__"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Parsed:
    """A syntax tree, or where the text stops to be Python."""

    tree: ast.Module | None
    error_line: int = 0
    """Counted from 1; 0 when it is not known."""
    unfinished: bool = False
    """Whether it is Python as far as it goes."""


@dataclass
class Parser:
    """Parses texts until its budget is spent."""

    tokens_left: int = MAX_TOKENS
    chars_left: int = MAX_CHARS

    @property
    def is_spent(self) -> bool:
        """Whether it will parse nothing more."""
        return self.tokens_left <= 0 or self.chars_left <= 0

    def parse(self, source: str) -> Parsed:
        """Returns the tree of a text, or the line at which it is no Python. Warns of nothing and never raises."""
        self.chars_left -= max(len(source), MIN_CHARS)
        n_tokens = 0 if self.is_spent else len(_TOKEN.findall(source))
        if self.is_spent or n_tokens > self.tokens_left:
            return Parsed(None)
        try:
            tree = ast.parse(unescaped(source))
        except SyntaxError as error:
            line = error.lineno or 0
            if error.msg == "invalid syntax":  # stands at the last token that was read; others stand anywhere
                n_tokens = len(_TOKEN.findall("\n".join(source.split("\n", line)[:line])))
            self.tokens_left -= n_tokens
            return Parsed(None, line, any(mark in error.msg for mark in _UNFINISHED))
        except (ValueError, MemoryError, RecursionError):  # NUL, surrogates; nested deeper than the parser's stack
            self.tokens_left -= n_tokens
            return Parsed(None)
        self.tokens_left -= n_tokens
        return Parsed(tree)


def unescaped(source: str) -> str:
    r"""Returns a source of the same lines and structure without escapes: Python warns of ``"\d"`` when it parses.

    ``$`` is no Python outside strings, where a stray backslash is none either.
    """
    return _BACKSLASH.sub(lambda found: "$" * len(found[0]), source) if "\\" in source else source


def strength(tree: ast.Module, entry_point: str) -> int:
    """Says how a program binds a name: 0 not at all, 1 by an import or a mere stub, 2 by a definition or assignment.

    ``Solution.twoSum`` wants a class with that method, as its judges do: a function ``twoSum`` alone does not count.
    """
    return _strength(tree.body, entry_point.split("."))


def _strength(body: Sequence[ast.stmt], path: list[str]) -> int:
    return max((_binding(node, path) for node in statements(body) if path[0] in bound_names(node)), default=0)


def _binding(node: ast.stmt, path: list[str]) -> int:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return 1
    if len(path) == 1:
        return 1 if isinstance(node, Definition) and _is_stub(node) else 2
    if not isinstance(node, ast.ClassDef):
        return 1 if isinstance(node, ast.Assign) else 0
    return _strength(node.body, path[1:]) or (1 if node.bases else 0)


def _is_stub(node: Definition) -> bool:
    """Whether a definition holds nothing but a docstring, ``pass``, ``...`` or ``raise NotImplementedError``."""
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        or (
            isinstance(line, ast.Raise)
            and any(isinstance(n, ast.Name) and n.id.startswith("NotImplemented") for n in ast.walk(line))
        )
        for line in node.body
    )


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields the statements that run when a module is imported, those in branches included, main guards not."""
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and is_main_guard(node):
            continue
        if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            inner += [line for handler in getattr(node, "handlers", []) for line in handler.body]
            waiting.extend(reversed(inner))


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``."""
    return isinstance(node, ast.If) and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))


def bound_names(node: ast.stmt) -> set[str]:
    """Returns the names that one statement itself binds in its scope."""
    if isinstance(node, Definition):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    stored = (n for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
    return {name.id for name in stored if isinstance(name.ctx, ast.Store)}


def is_idle(node: ast.stmt) -> bool:
    """Whether a statement does nothing: a word of prose (``Explanation``, ``[DONE]``, ``Note: this``) parses as one."""
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    if not isinstance(node, ast.Expr) or (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
        return False
    return not any(isinstance(n, ast.Call | ast.Await | ast.Yield | ast.NamedExpr) for n in ast.walk(node))


def free_names(source: str) -> set[str]:
    """Returns the names that a program uses, and neither binds itself nor finds among the built-ins."""
    try:
        module = symtable.symtable(unescaped(source), "answer", "exec")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return set()
    used: set[str] = set()
    bound: set[str] = set()
    waiting = [module]
    while waiting:
        table = waiting.pop()
        waiting.extend(table.get_children())
        for symbol in table.get_symbols():
            is_global = table is module or symbol.is_global()
            if is_global and symbol.is_referenced():
                used.add(symbol.get_name())
            if is_global and (symbol.is_assigned() or symbol.is_imported()):
                bound.add(symbol.get_name())
    return used - bound - _KNOWN


def first_line(node: ast.stmt) -> int:
    """Returns the line on which a statement begins, its decorators included."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def last_line(node: ast.stmt) -> int:
    """Returns the line on which a statement ends."""
    return node.end_lineno or node.lineno
