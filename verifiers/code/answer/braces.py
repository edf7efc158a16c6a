"""Answers in languages of braces (JavaScript, C++, Go, Rust): found by fences and by how a function is written there.

No grammar is at hand here: strings and comments are skipped, braces are counted, and the compiler has the last word.
"""

import re

from rft.verifiers.code.answer.fences import ALIASES, MAX_PROSE, TAGS, Block, Parts

MAX_BODY = 100_000
"""Characters of a function that continues a prompt."""

_SKIPPED = re.compile(
    r"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+"  # comments
    r"|\"(?:[^\"\\\n]|\\.)*+\"?+|`(?:[^`\\]|\\.)*+`?+"  # strings, templates
    r"|'(?:[^'\\\n]|\\[^\n])++'"  # characters; a Rust lifetime has no second quote
    r"|(?<=[(,=:!&|?])[ \t]*+/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/"  # regular expressions
    r"|(?P<brace>[{}])",
    re.DOTALL,
)
_HEADS = {
    "javascript": r"\bfunction\s*+\*?+\s*+NAME\b|\b(?:const|let|var|class)\s++NAME\b|(?:^|[\s.])NAME\s*+=(?!=)"
    r"|^[ \t]*+(?:(?:async|static)[ \t]++)*+NAME\s*+\([^()\n]*+\)\s*+\{",
    "cpp": r"^[ \t]*+(?!return\b|else\b|throw\b)[\w:<>,*&\[\]][\w:<>,*&\[\] \t]*[ \t*&]NAME\s*+\("
    r"[^;{}]{0,150}+\{|\b(?:class|struct)\s++NAME\b",
    "go": r"\bfunc\s++(?:\([^()]*+\)\s*+)?+NAME\b|\btype\s++NAME\b",
    "rust": r"\bfn\s++NAME\b|\b(?:struct|enum)\s++NAME\b",
}
"""How a definition begins."""
_ANY_HEAD = r"\b(?:function|func|fn|def|fun|class)\s++NAME\b|\bNAME\s*+\([^()\n]*+\)\s*+\{"
_MAINS = {"cpp": "main", "go": "main", "rust": "main"}
_CODE_LINE = re.compile(
    r"^[ \t]*+(?:(?:using|import|package|use|const|let|var|function|func|fn|pub|class|struct|template|typedef|type"
    r"|static|impl|async|int|long|void|bool|double|auto|string)\b|#include|std::|vector<)|[;{}][ \t]*+$",
    re.MULTILINE,
)


def defines(source: str, language: str, entry_point: str | None) -> bool:
    """Whether a source has a definition of the entry point, or a ``main`` where none is asked for."""
    return head(source, language, entry_point) is not None


def head(source: str, language: str, entry_point: str | None) -> re.Match[str] | None:
    """Returns where the entry point is defined."""
    name = entry_point or _MAINS.get(language)
    if name is None or name.partition(".")[0] not in source:
        return None
    pattern = _HEADS.get(language, _ANY_HEAD).replace("NAME", re.escape(name.partition(".")[0]))
    return re.search(pattern, source, re.MULTILINE)


def chosen_block(parts: Parts, language: str, entry_point: str | None) -> str | None:
    """Returns the block that is the answer: of those with the right fence, then of those with a bare one, then of the
    others, the last that defines the entry point; where none is asked for and none has a ``main``, the longest."""
    own, bare = _with_tag(parts, language), [block for block in parts.blocks if not block.tag]
    others = [block for block in parts.blocks if block not in own and block.tag]
    for block in [*reversed(own), *reversed(bare), *reversed(others)]:
        if defines(block.text, language, entry_point):
            return block.text
    if entry_point is not None:
        return None
    known = TAGS - ALIASES.get(language, frozenset({language}))
    fitting = _with_tag(parts, language) or [
        b for b in parts.blocks if b.tag not in known and _CODE_LINE.search(b.text)
    ]
    return max((block.text for block in fitting), key=lambda text: len(text.strip()), default=None)


def _with_tag(parts: Parts, language: str) -> list[Block]:
    return [block for block in parts.blocks if block.tag in ALIASES.get(language, frozenset({language}))]


def looks_like_code(text: str) -> bool:
    """Whether some line begins or ends like code."""
    return _CODE_LINE.search(text[:MAX_PROSE]) is not None


def lines_of_code(text: str) -> str:
    """Returns a text from its first line that begins or ends like code to its last."""
    found = list(_CODE_LINE.finditer(text))
    if not found:
        return text
    start = text.rfind("\n", 0, found[0].start()) + 1 if found[0].start() else 0
    end = text.find("\n", found[-1].end())
    return text[start : end if end >= 0 else len(text)]


def continued(text: str, prompt: str) -> str | None:
    r"""Returns prompt and text up to the brace that closes the function which the prompt began; None without one.

    >>> continued("  return x;\n}\nconsole.log(f(1));", "function f(x) {\n")
    'function f(x) {\n  return x;\n}\n'
    """
    whole = prompt + text[:MAX_BODY]
    depth = 0
    for found in _SKIPPED.finditer(whole):
        if found["brace"] == "{":
            depth += 1
        elif found["brace"] == "}":
            depth -= 1
            if depth <= 0 and found.start() >= len(prompt):
                return whole[: found.end()] + "\n"
    return None
