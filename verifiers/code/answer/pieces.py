"""Pieces of Python in a completion: the code of a block, the code amid prose, what one piece needs of another."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rft.verifiers.code.answer.fences import MAX_PROSE, Block, fence_names
from rft.verifiers.code.answer.python_source import (
    Parsed,
    Parser,
    bound_names,
    first_line,
    free_names,
    is_idle,
    last_line,
    strength,
)

MAX_BORROWED = 50
"""Statements of other pieces that are put in front of the chosen one."""
MAX_CUTS = 12
WINDOW = 40_000
"""Characters of prose that are taken for one run of code."""

_START = re.compile(
    r"^[ \t]*+(?:(?:async[ \t]+)?def[ \t]+\w|class[ \t]+\w|import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|@\w|try:"
    r"|\"\"\"|'''|(?:if|for|while|with)\b[^\n]*:|[A-Za-z_][\w.]*+\("
    r"|[A-Za-z_][\w.,:\[\] ]*+(?:\*\*|//|<<|>>|[-+*/%&|^])?=(?!=))[^\n]*+",
    re.MULTILINE,
)
"""How a line of code begins; most prose does not."""
_BOUNDARY = re.compile(r"(?!(?:else|elif|except|finally|case)\b)[^\s)\]}#]")
"""How a statement at the top level begins."""
_READS = re.compile(r"\binput\s*\(|\bstdin\b|\bopen\(\s*0|\bfileinput\b")
_WRITES = re.compile(r"\bprint\s*\(|\bstdout\b|\bos\.write\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """Code that parses."""

    text: str
    parsed: Parsed
    own: bool = True
    """Whether its fence says that it is Python, or nothing."""

    def binds(self, entry_point: str) -> int:
        """How it binds the entry point: see ``python_source.strength``."""
        return strength(self.parsed.tree, entry_point) if self.parsed.tree else 0

    @property
    def is_program(self) -> bool:
        """Whether it reads its input and writes."""
        return bool(_READS.search(self.text) and _WRITES.search(self.text))

    @property
    def does_something(self) -> bool:
        """Whether it is more than words and constants."""
        body = self.parsed.tree.body if self.parsed.tree else []
        return any(not is_idle(node) for node in body)


def pieces_of(block: Block, whole: str, fences: Sequence[int], parser: Parser) -> list[Piece]:
    """Returns the code of a block; usually one piece, none when it does not parse.

    A block that does not parse is tried again without its common indentation, as a transcript of the interpreter, and
    up to a later fence, as a docstring may hold fences. Only one that was never closed is searched for lines that
    parse: what a model closed is what it meant.
    """
    if len(block.text) > MAX_PROSE:  # beyond the parser's budget in any reading
        return []
    own = block.tag in fence_names("python") or not block.tag
    for text in _readings(block):
        parsed = parser.parse(text)
        if parsed.tree is not None:
            return [Piece(text, parsed, own)]
    if not block.closed:
        return [Piece(piece.text, piece.parsed, own) for piece in runs(block.text, parser)]
    for end in [fence for fence in fences if fence > block.start + len(block.text)][:3]:
        text = whole[block.start : end]
        parsed = parser.parse(text)
        if parsed.tree is not None:
            return [Piece(text, parsed, own)]
    return []


def _readings(block: Block) -> Iterator[str]:
    if block.tag in ("diff", "patch"):
        yield _patched(block.text)
        return
    yield block.text
    if block.text.lstrip("\n").startswith((" ", "\t")):
        yield textwrap.dedent(block.text)
    if ">>>" in block.text:
        yield _typed(textwrap.dedent(block.text))


def _patched(text: str) -> str:
    """What stands after a patch, as far as it shows it."""
    kept = (line for line in text.split("\n") if not line.startswith(("-", "+++", "@@", "diff ", "index ")))
    return "\n".join(line[1:] if line.startswith(("+", " ")) else line for line in kept)


def _typed(text: str) -> str:
    """What was typed in a session of the interpreter; what it answered is left out."""
    typed = (line[4:] for line in text.split("\n") if line.startswith((">>> ", "... ")) or line in (">>>", "..."))
    return "\n".join(typed)


def runs(text: str, parser: Parser) -> list[Piece]:
    """Returns the runs of lines that are Python, in order. Words between them that would parse belong to none."""
    found: list[Piece] = []
    position = 0
    while not parser.is_spent and (start := _START.search(text, position)):
        position = start.end()
        line = start[0].strip()
        first = parser.parse(line)
        if first.tree is None and not first.unfinished and not line.startswith("@"):
            continue
        taken, parsed = longest(_window(text, start), parser)
        if taken:
            found += _split(taken, parsed)
            for _ in taken[1:]:
                position = text.find("\n", position + 1)
            position = len(text) if position < 0 else position
    return found


def _window(text: str, start: re.Match[str]) -> list[str]:
    """The lines from one on, without the indentation of the first; they end where that ends."""
    window = text[start.start() : start.start() + WINDOW].split("\n")
    indent = window[0][: len(window[0]) - len(window[0].lstrip(" \t"))]
    if not indent:
        return window
    inside: list[str] = []
    for line in window:
        if line.strip() and not line.startswith(indent):
            break
        inside.append(line.removeprefix(indent))
    return inside


def longest(lines: list[str], parser: Parser, at_least: int = 1) -> tuple[list[str], Parsed]:
    """Returns the longest beginning of some lines that parses, cut between statements of the top level; else none."""
    for _ in range(MAX_CUTS):
        parsed = parser.parse("\n".join(lines))
        if parsed.tree is not None:
            return lines, parsed
        cut = min(parsed.error_line - 1, len(lines) - 1)
        while cut >= at_least and not _BOUNDARY.match(lines[cut]):
            cut -= 1
        if cut < at_least:
            break
        lines = lines[:cut]
    return [], Parsed(None)


def _split(lines: list[str], parsed: Parsed) -> list[Piece]:
    """The pieces between the statements that do nothing."""
    body = parsed.tree.body if parsed.tree else []
    if body and not any(is_idle(node) for node in body):
        return [Piece("\n".join(lines), parsed)]
    found: list[Piece] = []
    start, kept = 0, list(body[:0])
    for node in [*body, None]:
        if node is not None and not is_idle(node):
            kept.append(node)
            continue
        if kept:
            text = "\n".join(lines[start : last_line(kept[-1])])
            found.append(Piece(text, Parsed(type(parsed.tree)(kept, []))))  # type: ignore[misc]
        start, kept = last_line(node) if node is not None else 0, []
    return found


def completed(chosen: Piece, before: Sequence[Piece], after: Sequence[Piece], entry_point: str | None) -> str:
    """Returns the chosen piece with the statements of other pieces in front that bind what it needs and does not have.

    Imports, definitions and assignments only, so that an example's calls are never run; of the pieces before it the
    nearest first, then those behind it.
    """
    own = (entry_point or "").partition(".")[0]
    pool = [*reversed(before), *after]
    if not pool:
        return chosen.text
    wanted = sorted(free_names(chosen.text) - {own})
    borrowed: dict[tuple[int, int], str] = {}
    while wanted and len(borrowed) < MAX_BORROWED:
        found = _binding(wanted.pop(), pool, own)
        if found is None or found[0] in borrowed:
            continue
        borrowed[found[0]] = found[1]
        wanted += sorted(free_names(found[1]) - {own})
    ordered = [
        borrowed[key] for key in sorted(borrowed, key=lambda key: (-key[0] if key[0] < len(before) else key[0], key[1]))
    ]
    return "\n".join([*ordered, chosen.text])


def _binding(name: str, pool: Sequence[Piece], own: str) -> tuple[tuple[int, int], str] | None:
    """Where a name is bound, and by which lines."""
    for number, piece in enumerate(pool):
        for node in reversed(piece.parsed.tree.body if piece.parsed.tree else []):
            names = bound_names(node)
            if name in names and own not in names:
                lines = piece.text.split("\n")[first_line(node) - 1 : last_line(node)]
                return (number, node.lineno), "\n".join(lines)
    return None
