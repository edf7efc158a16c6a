"""Reads a whole answer or reference once: its spelling, its outer form, and what it was said to be near."""

from dataclasses import dataclass
from functools import lru_cache

from rft.verifiers.math.read.bounds import refuse
from rft.verifiers.math.read.shape import AnswerShape, names_of, read_shape
from rft.verifiers.math.read.statement import split_approximations
from rft.verifiers.spelling.canonical import canonical


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer or reference, read once."""

    shape: AnswerShape
    near: tuple[str, ...] = ()
    """What was said to be approximately the same; in an answer it must be so to its last printed place."""
    refused: str | None = None
    """Why it is not looked at."""
    names: str = ""
    """What the parts of a tuple were called: ``(x,y)`` of ``(x, y) = (1, 2)``."""


@lru_cache(8_192)
def read(answer: str) -> Reading:
    """Reads an answer or a reference, or says why not. Pure, so that what was read lately is remembered."""
    refused = refuse(answer)
    text, near = ("", ()) if refused else split_approximations(canonical(answer))
    refused = refused or refuse(text) or (None if text else "empty")
    if refused:
        return Reading(AnswerShape("value"), near, refused)
    return Reading(read_shape(text), near, names=names_of(text))
