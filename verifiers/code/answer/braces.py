"""Answers in languages of braces (JavaScript, C++, Go, Rust): found by fences and by how a function is written there.

No grammar is at hand here: strings and comments are skipped, braces are counted, and the compiler has the last word.
"""

import re

from rft.sandboxes.languages import LANGUAGES
from rft.verifiers.code.answer.fences import MAX_PROSE, TAGS, Block, Parts, fence_names

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
_ANY_HEAD = r"\b(?:function|func|fn|def|fun|class)\s++NAME\b|\bNAME\s*+\([^()\n]*+\)\s*+\{"
"""How a definition begins in a language that does not say it."""
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
    text = LANGUAGES[language].text if language in LANGUAGES else None
    name = entry_point or (text.main if text else None)
    if name is None or name.partition(".")[0] not in source:
        return None
    begins = (text.head if text else None) or _ANY_HEAD
    pattern = begins.replace("NAME", re.escape(name.partition(".")[0]))
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
    known = TAGS - fence_names(language)
    fitting = _with_tag(parts, language) or [
        b for b in parts.blocks if b.tag not in known and _CODE_LINE.search(b.text)
    ]
    return max((block.text for block in fitting), key=lambda text: len(text.strip()), default=None)


def _with_tag(parts: Parts, language: str) -> list[Block]:
    return [block for block in parts.blocks if block.tag in fence_names(language)]


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
