r"""How a letter is written: ``C``, ``(C)``, ``**C.**``, ``option C``, ``\text{(C)} 42``."""

import re

from rft.types import JSON
from rft.verifiers.verbatim import compatible

Letters = frozenset[str]
"""What an answer chooses; empty when it contradicts itself."""

_GROUP = re.compile(
    r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mathit|mathsf|mbox|operatorname)\s*\{([^{}]*)\}"
)
_MARKS = re.compile(r"\\[()\[\]]|\\(?:left|right)(?![a-zA-Z])|\$|\*\*|`|(?<![a-zA-Z0-9])[*_]+|[*_]+(?![a-zA-Z0-9])")
_SPACES = re.compile(r"\\(?:[ ,;:!]|quad|qquad)(?![a-zA-Z])|~|\s+")
LETTER = re.compile(
    r"""(?i:(?:the[ ])?(?:(?:correct|right|best|final)[ ])?(?:answer|option|choice)(?:[ ]is)?[ ]?[:=]?[ ]?)?
        (?:\([ ]?(?P<round>[A-Za-z])[ ]?\)|\[(?P<square>[A-Za-z])\]|(?P<bare>[A-Za-z])(?![\w'’]))
        (?P<mark>[ ]?[.):]|[ ][-–—]{1,3}(?=[ ])|)(?P<gap>[ ]?)(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
UNCERTAIN = re.compile(
    r"""(?i:\A(?:or|and|nor|not|is|are)\b|\bnot\b|n['’]t\b|\b(?:wrong|incorrect|option|choice)\b)|\A[,/&=+]|\A[A-Za-z]\Z
        |\([A-Za-z]\)|\b(?:or|and|nor)[ ][A-Z](?![\w'’])|(?<![\w'’])[A-Z][).:](?=[ ]|\Z)""",
    re.VERBOSE,
)
"""In a text behind a letter: another letter, or words that take the letter back."""


def only_letter(written: JSON) -> str | None:
    """Returns the letter of a text that is a letter and nothing else, in upper case; else None."""
    match = LETTER.fullmatch(spelled(written)) if isinstance(written, str) else None
    return letter_of(match) if match and not match["rest"].strip(" .") else None


def letter_of(match: re.Match[str]) -> str:
    """Returns the letter that ``LETTER`` found, in upper case."""
    return str(match["round"] or match["square"] or match["bare"]).upper()


def is_set_off(match: re.Match[str]) -> bool:
    """Returns whether the letter is set off from what follows: ``(C) 42``, ``C. 42``, but not ``C 42``."""
    return not match["bare"] or bool(match["mark"])


def spelled(text: str) -> str:
    r"""Returns an answer without its LaTeX and Markdown marks, in one line: ``(C) 42`` for ``$\textbf{(C)}\ 42$``."""
    text = _SPACES.sub(" ", _MARKS.sub("", _GROUP.sub(r" \1 ", compatible(text)))).strip()
    return text[1:-1].strip() if re.fullmatch(r"\{[^{}]*\}|\"[^\"]*\"|“[^”]*”|'[^']*'", text) else text
