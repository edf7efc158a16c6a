"""Answers of base models: the text that goes on where the prompt's code stopped."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from rft.verifiers.code.answer.pieces import longest
from rft.verifiers.code.answer.python_source import (
    Definition,
    Parser,
    bound_names,
    first_line,
    free_names,
    is_idle,
    last_line,
)

MAX_CHARS = 100_000
"""Of a text that is looked at."""


def is_body(text: str, prompt: str, entry_point: str | None) -> bool:
    """Whether a text begins like the body of the function that the prompt left open."""
    line = next((line for line in text.split("\n") if line.strip()), "")
    if not line or (not line[0].isspace() and prompt.endswith("\n")):
        return False
    name = re.escape((entry_point or "").partition(".")[0]) or r"\w+"
    defined = re.compile(rf"(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b")
    if defined.match(line.strip()):
        return False
    indent = re.escape(line[: len(line) - len(line.lstrip())])
    starts = re.match(r"(?:@\w|from\b|import\b)", line.strip())
    return not (starts and re.search(rf"^{indent}{defined.pattern}", text, re.MULTILINE))


def continued(text: str, prompt: str, entry_point: str | None, parser: Parser, repair: bool = False) -> str | None:
    r"""Returns prompt and text up to the first line that is no part of the answer; None when it continues nothing.

    Functions, classes, imports and plain assignments that follow are kept if the function needs them. The first other
    statement of the top level ends the answer, and so does a second definition of what the prompt began: models go on
    and on. What does not parse is left out with the top-level statement that it stands in.

    Args:
        repair: whether the indentation that a chat template or a tokenizer ate may be put back, on all lines or
            on the first.

    >>> continued("    return x\nprint(f(1))\n", "def f(x):\n", "f", Parser())
    'def f(x):\n    return x\n'
    """
    if len(text) > MAX_CHARS:
        return None
    for reading in _readings(text, prompt) if repair else [text]:
        source = _cut(prompt, reading, entry_point, parser)
        if source is not None:
            return source
    return None


def _readings(text: str, prompt: str) -> Iterator[str]:
    indent = _body_indent(prompt)
    text = text.strip("\n")
    yield text
    if indent and not text.startswith((" ", "\t")):
        yield re.sub(r"^(?=[^\n])", indent, text, flags=re.MULTILINE)
        yield indent + text


def _body_indent(prompt: str) -> str:
    """The indentation of the body that a prompt left open, nothing where it is already written."""
    if not prompt.endswith("\n"):
        return ""
    line = next((line for line in reversed(prompt.split("\n")) if line.strip()), "")
    indent = line[: len(line) - len(line.lstrip())]
    return indent + "    " if re.search(r":\s*(?:#.*)?$", line) else indent


def _cut(prompt: str, text: str, entry_point: str | None, parser: Parser) -> str | None:
    first = prompt.count("\n") + 1  # the line on which the completion begins
    lines, parsed = longest((prompt + text).split("\n"), parser, at_least=first)
    body = parsed.tree.body if parsed.tree else []
    begun = [node for node in body if node.lineno <= first]
    if not begun or not _goes_on(begun[-1], first):
        return None
    own = bound_names(begun[-1]) | {(entry_point or "").partition(".")[0]}
    source = "\n".join(lines[: last_line(begun[-1])])
    following = takewhile(lambda node: _may_follow(node) and not bound_names(node) & own, body[len(begun) :])
    return "\n".join([source, *_needed(source, list(following), lines)]) + "\n"


def _needed(source: str, following: list[ast.stmt], lines: list[str]) -> list[str]:
    """The statements that bind what a source needs and does not have, and what they need in turn."""
    texts = ["\n".join(lines[first_line(node) - 1 : last_line(node)]) for node in following]
    wanted = free_names(source) if following else set()
    kept: set[int] = set()
    while True:
        found = {n for n, node in enumerate(following) if bound_names(node) & wanted} - kept
        if not found:
            return [texts[n] for n in sorted(kept)]
        kept |= found
        wanted = wanted.union(*(free_names(texts[n]) for n in found))


def _goes_on(node: ast.stmt, first: int) -> bool:
    """Whether the text adds something that runs to the function that the prompt began."""
    while isinstance(node, ast.ClassDef):
        node = node.body[-1]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return any(line.lineno >= first and _runs(line) for line in node.body)


def _runs(node: ast.stmt) -> bool:
    if isinstance(node, Definition | ast.Import | ast.ImportFrom) or is_idle(node):
        return False
    return not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _may_follow(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return not any(isinstance(inner, ast.Call) for inner in ast.walk(node))
    return isinstance(node, Definition | ast.Import | ast.ImportFrom)
