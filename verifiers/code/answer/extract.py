"""The one rule by which a program is taken out of a completion. Deterministic, bounded, nothing is run.

Only what follows the reasoning counts. Then, for Python, the first of these that gives something:

1. A text that begins like the body of the function which the prompt left open continues it: prompt and text, up to
   the first line that is no part of the answer (``continuation``).
2. Of the fenced blocks that parse, the last that defines the entry point; a mere stub or an import of the name (as in
   an example of use) counts only when nothing better is there, and so does a block whose fence names another language.
   Without an entry point: the last that reads input and writes, else the longest.
3. A JSON text or object whose string holds such a program.
4. Without fences, or where they hold none: of the runs of lines that parse, the longest that defines the entry point.
5. A block or text that is only the body of the function, its indentation put back.
6. What would define the entry point if it parsed, so that the interpreter says what is wrong with it.

What the chosen piece needs and other pieces define (imports, helpers, constants) is put in front of it. In other
languages fences, names and braces decide (``braces``), and one block is one answer.
"""

import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rft.types import JSON, Reason
from rft.verifiers.code.answer import braces
from rft.verifiers.code.answer.continuation import continued, is_body
from rft.verifiers.code.answer.fences import MAX_PROSE, Block, Parts, cut, fence_names
from rft.verifiers.code.answer.pieces import Piece, completed, pieces_of, runs
from rft.verifiers.code.answer.python_source import Parser
from rft.verifiers.extraction.answer import after_reasoning

MAX_SOURCE = 1 << 20
"""Bytes of a program."""

MAX_JSON = 200_000
"""Characters of a JSON text that is read."""

Rule = Literal["continuation", "block", "json", "lines", "body", "as_it_is"]

_TAG_LINE = re.compile(
    r"</?(?:answer|code|python|solution|output|response)>|\[/?(?:PYTHON|CODE|ANSWER|BEGIN|DONE)\]", re.IGNORECASE
)
"""Marks that some prompts teach models to put around code."""
_LIKE_CODE = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+[ \t]*[:(]|import[ \t]+\w+[ \t]*(?:$|as\b|,)"
    r"|from[ \t]+[\w.]+[ \t]+import\b|print\(|return\b[^\n]*[\w)\]]$|[A-Za-z_]\w*[ \t]*=[ \t]*\S"
    r"|(?:for|while|if)\b[^\n]*:[ \t]*$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Extracted:
    """A program and how it was found."""

    source: str
    """A continuation holds the prompt; what else a prompt adds is ``context.with_prompt``'s."""
    rule: Rule


@dataclass(frozen=True, slots=True)
class NoCode:
    """Why there is no program."""

    reason: Reason
    """no_code, or missing_entry_point: there is code, but what is asked for is nowhere defined."""
    detail: str


def extract(
    completion: str, language: str, entry_point: str | None = None, prompt: str | None = None
) -> Extracted | NoCode:
    r"""Returns the program of a completion, or why there is none.

    Args:
        completion: all that the model wrote.
        language: a key of ``rft.sandboxes.languages.LANGUAGES``.
        entry_point: the function or class that is asked for, ``Solution.twoSum`` for a method; None for a program that
            reads stdin.
        prompt: the code that a base model was asked to continue.

    >>> extract("Sure:\n```python\ndef add(a, b):\n    return a + b\n```", "python", "add")
    Extracted(source='def add(a, b):\n    return a + b\n', rule='block')
    """
    text = after_reasoning(completion)
    if text is None:
        return NoCode(Reason.NO_CODE, "the reasoning was begun and never ended")
    text = _plain(text)
    if not text.strip():
        return NoCode(Reason.NO_CODE, "the answer is empty")
    find = _python if language == "python" else _other
    found = find(text, language, entry_point, _plain(prompt or ""))
    return found if isinstance(found, NoCode) else _checked(found)


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _checked(found: Extracted) -> Extracted | NoCode:
    """The program, unless no interpreter would read it."""
    try:
        size = len(found.source.encode())
    except UnicodeEncodeError as error:
        return NoCode(Reason.NO_CODE, f"the code holds half of a character (a surrogate) at {error.start}")
    if "\0" in found.source:
        return NoCode(Reason.NO_CODE, f"the code holds a NUL character at {found.source.index(chr(0))}")
    if size > MAX_SOURCE:
        return NoCode(Reason.NO_CODE, f"the code has {size} bytes; at most {MAX_SOURCE} are read")
    return found


def _python(text: str, language: str, entry_point: str | None, prompt: str) -> Extracted | NoCode:
    parser = Parser()
    parts = cut(text)
    start = parts.prose[0] if parts.prose else ""
    goes_on = bool(prompt) and is_body(start, prompt, entry_point)
    if goes_on and (source := continued(start, prompt, entry_point, parser)):
        return Extracted(source, "continuation")
    found = (
        _from_blocks(parts, text, entry_point, parser)
        or _from_json(parts, text, entry_point, parser)
        or _from_lines(parts, entry_point, parser)
        or _from_body(parts, entry_point, prompt, parser)
    )
    if found:
        return found
    if goes_on:
        return Extracted(prompt + start, "as_it_is")
    return _as_it_is(parts, entry_point, parser) or _none(parts, entry_point)


def _from_blocks(parts: Parts, text: str, entry_point: str | None, parser: Parser) -> Extracted | None:
    pieces: list[Piece] = []
    for block in reversed(parts.blocks):  # the last ones first, should the parser's budget not do for all
        pieces[:0] = pieces_of(block, text, parts.fences, parser)
    chosen = _last(pieces, entry_point)
    return _extracted(chosen, pieces, entry_point, "block")


def _last(pieces: Sequence[Piece], entry_point: str | None) -> int | None:
    """Which piece is the answer."""
    if entry_point is not None:
        ranked = [(piece.binds(entry_point), piece.own, number) for number, piece in enumerate(pieces)]
        best = max(ranked, default=(0, False, 0))
        return best[2] if best[0] else None
    programs = [number for number, piece in enumerate(pieces) if piece.is_program]
    if programs:
        return programs[-1]
    sizes = [(piece.own, len(piece.text.strip()), n) for n, piece in enumerate(pieces) if piece.does_something]
    return max(sizes)[2] if sizes else None


def _extracted(chosen: int | None, pieces: Sequence[Piece], entry_point: str | None, rule: Rule) -> Extracted | None:
    if chosen is None:
        return None
    source = completed(pieces[chosen], pieces[:chosen], pieces[chosen + 1 :], entry_point)
    return Extracted(source.strip("\n") + "\n", rule)


def _from_json(parts: Parts, text: str, entry_point: str | None, parser: Parser) -> Extracted | None:
    pieces: list[Piece] = []
    for written in [*(block.text for block in parts.blocks[-5:]), text]:
        for string in map(_plain, _strings(written)):
            inner = cut(string)
            for block in inner.blocks or (Block(string),):
                pieces += pieces_of(block, string, inner.fences, parser)
    return _extracted(_last(pieces, entry_point), pieces, entry_point, "json")


def _strings(written: str) -> list[str]:
    """The strings of a JSON text or object."""
    written = written.strip()
    if len(written) > MAX_JSON or not written.startswith(("{", '"')) or not written.endswith(("}", '"')):
        return []
    try:
        value: JSON = json.loads(written, strict=False)
    except (ValueError, RecursionError):
        return []
    values = [value] if isinstance(value, str) else list(value.values()) if isinstance(value, dict) else []
    return [string for string in values if isinstance(string, str)]


def _from_lines(parts: Parts, entry_point: str | None, parser: Parser) -> Extracted | None:
    pieces = [piece for prose in parts.prose for piece in runs(_TAG_LINE.sub("\n", prose), parser)]
    if entry_point is None:
        return _extracted(_last(pieces, None), pieces, None, "lines")
    ranked = [(piece.binds(entry_point), len(piece.text), number) for number, piece in enumerate(pieces)]
    best = max(ranked, default=(0, 0, 0))
    return _extracted(best[2] if best[0] else None, pieces, entry_point, "lines")


def _from_body(parts: Parts, entry_point: str | None, prompt: str, parser: Parser) -> Extracted | None:
    """The function that the prompt left open, with a body that lost its indentation or stands between fences."""
    if not prompt:
        return None
    for text in [*(block.text for block in reversed(parts.blocks)), *parts.prose[:1]]:
        source = continued(text, prompt, entry_point, parser, repair=True) if text.strip() else None
        if source is not None:
            return Extracted(source, "body")
    return None


def _as_it_is(parts: Parts, entry_point: str | None, parser: Parser) -> Extracted | None:
    """What would be the answer if it parsed."""
    own = [block.text for block in parts.blocks if not block.tag or block.tag in fence_names("python")]
    if entry_point is None:
        fitting = [text for text in own if _LIKE_CODE.search(text)]
        return Extracted(max(fitting, key=len).strip("\n") + "\n", "as_it_is") if fitting else None
    name = re.escape(entry_point.partition(".")[0])
    header = re.compile(rf"^(?:(?:async[ \t]+)?def|class)[ \t]+{name}\b", re.MULTILINE)
    for text in [*reversed(own), *(block.text for block in reversed(parts.blocks)), *reversed(parts.prose)]:
        text = textwrap.dedent(text) if text[:1].isspace() else text
        if header.search(text) and parser.parse(text).tree is None:
            return Extracted(text.strip("\n") + "\n", "as_it_is")
    return None


def _none(parts: Parts, entry_point: str | None) -> NoCode:
    text = "\n".join([*parts.prose, *(block.text for block in parts.blocks)])[:MAX_PROSE]
    if entry_point is None or not _LIKE_CODE.search(text):
        return NoCode(Reason.NO_CODE, "nothing in the answer is a program")
    name, _, method = entry_point.partition(".")
    alone = method and re.search(rf"^[ \t]*def[ \t]+{re.escape(method)}\b", text, re.MULTILINE)
    hint = f": {method} stands there, but not in a class {name}" if alone else ""
    return NoCode(Reason.MISSING_ENTRY_POINT, f"{entry_point} is not defined{hint}")


def _other(text: str, language: str, entry_point: str | None, prompt: str) -> Extracted | NoCode:
    parts = cut(text)
    start = parts.prose[0] if parts.prose else ""
    opens = bool(prompt and start.strip()) and not braces.defines(start, language, entry_point)
    if opens and start.lstrip("\n")[:1].isspace() and (source := braces.continued(start, prompt)):
        return Extracted(source, "continuation")
    if block := braces.chosen_block(parts, language, entry_point):
        return Extracted(block.strip("\n") + "\n", "block")
    for prose in reversed(parts.prose):
        if braces.defines(prose, language, entry_point) or (entry_point is None and braces.looks_like_code(prose)):
            return Extracted(braces.lines_of_code(_TAG_LINE.sub("\n", prose)).strip("\n") + "\n", "lines")
    for written in [*(block.text for block in reversed(parts.blocks)), start] if prompt else []:
        if written.strip() and (source := braces.continued(written, prompt)):
            return Extracted(source, "body")
    if opens and start.lstrip("\n")[:1].isspace():
        return Extracted(prompt + start, "as_it_is")
    if entry_point is None or not (parts.blocks or any(map(braces.looks_like_code, parts.prose))):
        return NoCode(Reason.NO_CODE, "nothing in the answer is a program")
    return NoCode(Reason.MISSING_ENTRY_POINT, f"{entry_point} is not defined")
