"""When two solutions of a problem count as the same text."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator

from rft.types import Row


def normalise(text: str) -> str:
    """Returns the text as it is compared: Unicode NFKC, white space collapsed, ends trimmed.

    NFKC folds what looks alike (no-break spaces, full-width digits, ligatures). Case is kept: X and x, or Set and
    set, may be two things in mathematics and in code. Superscripts fold too (5² and 52 become one), and so does
    indentation; the price of such a collision is one row fewer, never a wrong row.
    """
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.split())


def text_key(text: str) -> bytes:
    """Returns 16 bytes that are equal for texts that are equal after ``normalise``."""
    # "surrogatepass": a model's text may hold a lone surrogate, which UTF-8 proper refuses
    return hashlib.blake2b(normalise(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def distinct(rows: Iterable[Row]) -> Iterator[Row]:
    """Yields the first row of every (problem, normalised completion): the rows of several rounds without repetitions.

    Holds a key of 16 bytes for every row that it has let through, never the rows.
    """
    seen: set[bytes] = set()
    for row in rows:
        key = text_key(f"{row.problem_id}\x00{row.completion}")
        if key not in seen:
            seen.add(key)
            yield row
