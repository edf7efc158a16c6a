r"""Questions about canonical LaTeX: which spaces mean nothing, whether it is made of words, what no bracket encloses.

Two answers with equal ``tight`` text are the same answer. Pure functions on text.
"""

import re

from rft.expressions.syntax import MAX_WORD

_TEXT_GROUP = re.compile(r"\\text\s*\{([^{}]*)\}")
_SPLIT_NUMBER = re.compile(r"\d \.\d|\d\. \d")
_NEEDLESS_SPACE = re.compile(r"(?<![a-zA-Z0-9]) | (?![a-zA-Z0-9])|(?<=[0-9]) (?=[a-zA-Z])|(?<=[a-zA-Z]) (?=[0-9])")
_NO_WORDS = re.compile(r"[^\w\s.,;:?!()\"'’&-]|[\d_]|(?<![^\W\d_])-|-(?![^\W\d_])|[^\W\d_]\(|^\s*[a-zA-Z]{1,5}!")
"""What makes a text mathematics: a sign, a digit, a hyphen that joins no words, a bracket or factorial at a letter."""
_SHORT_WORDS = frozenset({"no", "ja", "да"})


def tight(canonical_text: str) -> str:
    r"""Returns canonical text without the spaces that carry no meaning (the one in ``1 2`` stays).

    >>> tight("x ^{2} + 1"), tight("1 2")
    ('x^{2}+1', '1 2')
    """
    text = re.sub(r"(\\[a-zA-Z]+) (?=[^a-zA-Z])", r"\1", canonical_text)
    if _SPLIT_NUMBER.search(text):
        return text
    return _NEEDLESS_SPACE.sub("", text)


def words(canonical_text: str) -> str | None:
    r"""Returns an answer in words, lower-case and without its ``\text`` wrapping; None when it is not made of words.

    >>> words(r"\text{Evelyn}"), words("Tuesday."), words("abc + 1"), words("-abc")
    ('evelyn', 'tuesday', None, None)
    """
    bare = _TEXT_GROUP.sub(" ", canonical_text)
    if _NO_WORDS.search(bare):
        return None
    text = _TEXT_GROUP.sub(r" \1 ", canonical_text)
    text = " ".join(re.sub(r"[.,;:'\"!?&()-]", " ", text).split())
    if not text or not all(part.isalpha() for part in text.split()):
        return None
    if bare == canonical_text and max(map(len, text.split())) < 3 and text.casefold() not in _SHORT_WORDS:
        return None
    return text.casefold()


def may_be_product(canonical_text: str) -> bool:
    """Returns whether a word may as well be a product of letters: ``abc``, ``lwh``."""
    return canonical_text.isascii() and canonical_text.isalpha() and len(canonical_text) <= MAX_WORD


def top_level(text: str) -> list[tuple[int, str]]:
    r"""Returns (position, character) of what stands outside every bracket and group; ``\{`` counts as a bracket."""
    outside, depth, at = [], 0, 0
    while at < len(text):
        step = 2 if text[at] == "\\" and at + 1 < len(text) else 1
        token = text[at : at + step]
        if token in ("(", "[", "{", r"\{"):
            depth += 1
        elif token in (")", "]", "}", r"\}"):
            depth -= 1
        elif depth == 0:
            outside.append((at, token))
        at += step
    return outside
