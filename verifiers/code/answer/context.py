"""What the code of a prompt adds to an answer that is a complete definition."""

import ast
import re

from rft.sandboxes.languages import LANGUAGES
from rft.verifiers.code.answer import braces
from rft.verifiers.code.answer.python_source import Parser, last_line


def with_prompt(source: str, prompt: str | None, entry_point: str | None, language: str = "python") -> str:
    r"""Returns a program: the answer behind what the prompt's code says before it begins the entry point.

    Imports and helpers of the prompt come first, so that definitions of the answer win. An answer that begins with the
    prompt is returned as it is; one that does not define the entry point continues the prompt. ``from __future__``
    imports are moved to the front. Go and Rust refuse a second import of a name: there an answer with a package clause
    or a ``use`` of its own is left alone.

    >>> with_prompt("def f(x):\n    return sqrt(x)\n", "from math import sqrt\n\ndef f(x):\n", "f")
    'from math import sqrt\n\ndef f(x):\n    return sqrt(x)\n'
    """
    if not prompt or source.startswith(prompt):
        return source
    prompt = prompt.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if source.startswith(prompt):
        return source
    if language != "python":
        return _braces(source, prompt, entry_point, language)
    name = re.escape((entry_point or "").partition(".")[0])
    head = _head(prompt, name)
    if head is None:  # the prompt is all context
        return _joined(prompt, source)
    if name and not _binds(source, name):
        return prompt + source
    return _joined(prompt[:head], source)


def _head(source: str, name: str) -> int | None:
    """Where the definition of a name begins, its decorators included."""
    wanted = name or r"\w+"
    found = re.search(rf"^(?:(?:async[ \t]+)?def|class)[ \t]+{wanted}\b", source, re.MULTILINE)
    if found is None:
        return None
    start = found.start()
    while start and source.startswith("@", line := source.rfind("\n", 0, start - 1) + 1):
        start = line
    return start


def _binds(source: str, name: str) -> bool:
    """Whether a source binds a name, by a definition, an assignment or an import."""
    bound = rf"^{name}\b[^\n]*=|^(?:from|import)\b[^\n]*\b{name}\b"
    return _head(source, name) is not None or re.search(bound, source, re.MULTILINE) is not None


def _joined(context: str, source: str) -> str:
    """Context and source, what both import from the future first; the source alone when the context is no code."""
    tree = Parser().parse(context).tree
    if tree is None or not tree.body:
        return source
    future: list[str] = []
    context = _without_future(context, tree, future)
    if "__future__" in source and (tree := Parser().parse(source).tree) is not None:
        source = _without_future(source, tree, future)
    return "".join(future) + context + ("" if context.endswith("\n") else "\n") + source


def _without_future(source: str, tree: ast.Module, future: list[str]) -> str:
    lines = source.split("\n")
    for node in reversed(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            future.insert(0, "\n".join(lines[node.lineno - 1 : last_line(node)]) + "\n")
            lines[node.lineno - 1 : last_line(node)] = []
    return "\n".join(lines)


def _braces(source: str, prompt: str, entry_point: str | None, language: str) -> str:
    found = braces.head(prompt, language, entry_point)
    if not braces.defines(source, language, entry_point) and entry_point:
        return prompt + source
    imports_once = language in LANGUAGES and LANGUAGES[language].text.imports_once
    if imports_once and re.search(r"^[ \t]*(?:package|use)\s", source, re.MULTILINE):
        return source
    context = prompt[: prompt.rfind("\n", 0, found.start()) + 1] if found else prompt
    return context + ("" if not context or context.endswith("\n") else "\n") + source
