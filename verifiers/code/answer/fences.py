"""Cuts a completion into fenced blocks and the prose around them. Linear time; nothing is understood but the fences.

What models write is wider than CommonMark, so these count too: a fence behind prose (``Here it is: ```python``), code
that ends in a fence on its own line, a block on one line, code on the line of the opening fence, a fence with a
language inside an open block (the one before was never closed), and fences inside list items.
"""

import re
from dataclasses import dataclass
from itertools import islice

from rft.sandboxes.languages import LANGUAGES

MAX_FENCES = 1_000
"""Fences that are looked at; what follows them is not seen."""
MAX_PROSE = 200_000
"""Characters of prose between two blocks that are kept, the last ones."""

_OTHERS = """bash bat c console css cs csharp diff haskell html ini java json kotlin latex lua makefile markdown md none
output patch perl php plain plaintext r ruby scala sh shell sql swift text toml ts txt typescript xml yaml yml zsh"""
_NAMES = {name: frozenset(spec.text.fence_names) for name, spec in LANGUAGES.items()}
TAGS = frozenset(_OTHERS.split()).union(*_NAMES.values())
"""Words behind a fence that are surely languages."""

_FENCE = re.compile(r"^(?P<lead>[^\n]*?)(?P<mark>`{3,}+|~{3,}+)(?P<rest>[^\n]*)$", re.MULTILINE)
_ITEM = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?")
_TAG = re.compile(r"[ \t]*(?:\{[ \t]*\.?)?([A-Za-z][\w+#]*+)")
_CODE = re.compile(r"(?:def|class|import|from|async|print|function|const|let|func|fn|#include)\b[^\n]*")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    text: str
    tag: str = ""
    """The language behind the opening fence, in lower case."""
    closed: bool = True
    start: int = 0
    """Where its text begins in the completion."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A completion, cut."""

    blocks: tuple[Block, ...]
    prose: tuple[str, ...]
    """What stands before, between and behind the blocks."""
    fences: tuple[int, ...] = ()
    """Where the lines with a fence begin."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A block that has begun."""

    mark: str
    tag: str
    indent: int
    start: int
    first: str
    """Code that stood on the line of the fence."""


def fence_names(language: str) -> frozenset[str]:
    """Returns what stands behind the fence of a block in a language; its own name where the table does not have it."""
    return _NAMES.get(language) or frozenset({language})


def cut(text: str) -> Parts:
    r"""Returns the blocks of a completion and what is around them.

    >>> [(block.tag, block.text) for block in cut("Here:\n```py\nx = 1\n```\nDone.").blocks]
    [('py', 'x = 1\n')]
    """
    blocks: list[Block] = []
    prose: list[str] = []
    fences: list[int] = []
    begun: _Open | None = None
    position = 0
    for line in islice(_FENCE.finditer(text), MAX_FENCES):
        if begun is not None:
            if not _ends(line, begun):
                continue
            blocks.append(_block(text, begun, line.start("mark") if line["lead"].strip() else line.start()))
            position = min(line.end() + 1, len(text))
            fences.append(line.start())
            begun = _opened(line) if line["rest"].strip() and not line["lead"].strip() else None
            continue
        found = _one_line(line) or _opened(line)
        if found is None:
            continue
        prose.append(text[position : line.start("mark")][-MAX_PROSE:])
        fences.append(line.start())
        if isinstance(found, Block):
            blocks.append(found)
            position = line.end()
        else:
            begun = found
    if begun is not None:
        blocks.append(_block(text, begun, len(text), closed=False))
    else:
        prose.append(text[position:][-MAX_PROSE:])
    return Parts(tuple(blocks), tuple(prose), tuple(fences))


def _opened(line: re.Match[str]) -> _Open | None:
    """The block that a line begins, if it begins one."""
    lead, rest = line["lead"], line["rest"]
    at_start = _ITEM.fullmatch(lead) is not None
    found = _TAG.match(rest)
    tag = found[1].lower() if found else ""
    if not at_start and (line["mark"][0] == "~" or (rest.strip() and tag not in TAGS)):
        return None  # a word between backticks, or a rule of tildes
    code = rest[found.end() :].strip() if found and tag in TAGS else rest.strip()
    first = code + "\n" if _CODE.fullmatch(code) else ""
    return _Open(line["mark"], tag if tag in TAGS or not first else "", len(lead) if at_start else 0, line.end(), first)


def _ends(line: re.Match[str], begun: _Open) -> bool:
    mark = line["mark"]
    if mark[0] != begun.mark[0] or len(mark) < len(begun.mark):
        return False
    if not line["rest"].strip():
        return True
    found = _TAG.match(line["rest"])
    return not line["lead"].strip() and (found is None or found[1].lower() in TAGS or line["rest"][0].isspace())


def _one_line(line: re.Match[str]) -> Block | None:
    """A block that ends on the line on which it began."""
    content, mark, _ = line["rest"].rpartition(line["mark"])
    if not mark or not _ITEM.fullmatch(line["lead"]):
        return None
    found = _TAG.match(content)
    tag = found[1].lower() if found and found[1].lower() in TAGS else ""
    return Block(content[found.end() :].strip() if found and tag else content.strip(), tag, True, line.start("rest"))


def _block(text: str, begun: _Open, end: int, closed: bool = True) -> Block:
    start = min(begun.start + 1, end)
    inside = unindented(text[start:end], begun.indent).removeprefix("\ufeff")
    return Block(begun.first + inside, begun.tag, closed, start)


def unindented(text: str, width: int) -> str:
    """Returns a text whose lines have lost up to ``width`` leading blanks."""
    return re.sub(rf"^[ \t]{{1,{width}}}+", "", text, flags=re.MULTILINE) if width else text
