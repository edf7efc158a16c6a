r"""Numbers in prose: which number of a sentence is its answer, and when none is. Pure text, linear time.

A stray number is no answer: it must stand alone, outside any expression, and no word beside it may doubt, deny or
change it (``7?``, ``not 7``, ``41 or 42``, ``7 dozen``).
"""

import re
from collections import deque

from rft.verifiers.spelling.units import MEASURES


def _words(words: str, pattern: str) -> re.Pattern[str]:
    """A pattern for any of some words; a space inside one is written ``[ ]``."""
    return re.compile(pattern.format("|".join(re.split(r" (?!\])", words))), re.IGNORECASE)


MATH_MARKS = re.compile(r"\\[()\[\]]|(?<!\\)\$|\*\*|`")
"""Delimiters of mathematics and of Markdown."""
_NUMBER = re.compile(
    r"""(?P<sign>[-−])?(?P<money>\\?\$)?
        (?:\\[dtc]?frac\{-?\d+\}\{-?\d+\}|(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:/\d+)?|\.\d+)
        (?:[^\S\n]*\\?%)?""",
    re.VERBOSE,
)
_DENIAL = re.compile(r"\b(?:no|not|never|neither|nor|wrong|incorrect|cannot)\b|n['’]t\b", re.IGNORECASE)
_DECLINED = re.compile(
    r"\b(?:do(?:n['’]t|[ ]not)[ ]know|can(?:['’]t|not|[ ]not)|no[ ]idea|no[ ](?:solution|answer)|not[ ]sure|unsure"
    r"|unable|impossible|unclear)\b",
    re.IGNORECASE,
)
_ONE_OF = re.compile(r"\b(?:or|maybe|perhaps|either|possibly)\W*\Z|\beither\b[^.!?\n]*\Z", re.IGNORECASE)
_BROKEN_OFF = re.compile(r"[^\S\n]*[^\W\d_]+[^\S\n]+[^\W\d_][^.!?)\n]*", re.DOTALL)
"""Two or more words behind a number and no end of a sentence."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_CHANGED = _words(
    "than or and plus minus times over under about around approximately roughly nearly almost between least most half"
    " twice double triple thirds? quarters? hundred thousand million billion dozen percent equation step problem option"
    " question chapter page number case row day week month year from until negative zero one two three four five six"
    " seven eight nine ten square cube root power factor multiples? divisible modulo mod base sum product difference"
    " quotient average reciprocal inverse opposite negation below above off first figure table theorem line degree"
    " decimal digits places unknown",
    r"\b(?:{})\b",
)
"""Words before a number behind which it is not the whole answer."""
_CHANGING = _words(
    "more less fewer or and plus minus to times[ ](?:as|more|the|that|what|of) percent per[ ]?cent points? dozens?"
    " scores? pairs? hundreds? thousands? millions? billions? trillions? hal(?:f|ves) thirds? fourths? quarters?"
    " fifths? sixths? sevenths? eighths? ninths? tenths? hundredths? squared cubed factorial out[ ]of of[ ]them"
    " decimal places digits"
    " remainders? mod st nd rd th",
    r"[^\S\n]*-?(?:{})\b",
)
"""Words that change the number before them."""
_NEXT_WORD = re.compile(r"[^\S\n]+([^\W\d_]{2,20})\b")
_CHANGED_AT_ONCE = _words(
    "than minus negative least most about around approximately roughly nearly almost by and or root[ ]of square[ ]of"
    " power[ ]of factor[ ]of multiple[ ]of equation step part problem theorem figure table exceeds",
    r"\b(?:the[ ])?(?:{})[^\S\n]+\$?\Z",
)
"""The same, at once before the last number of a text."""
MAX_SENTENCE, MIN_WORDS = 200, 4
"""Characters of an answer that is taken for a sentence at most, and its words at least."""
_TAIL = 400
"""Characters at the end in which the last number is looked for first."""
MAX_MARKS = 20
"""Dollar signs in a row; more is no mathematics."""
_SENTENCE_START = re.compile(r"[.!?\n](?=\s|$)")
_DOUBT_REACH = 200
"""Characters before and behind a number in which it may be doubted."""
_OPERAND_BEFORE = re.compile(r"[-+−/^_{(\[\\×÷·<>,]$")
_OPERAND_AFTER = re.compile(r"[^\S\n]*(?:[-+*/^_=(){}\[\]\\×÷·<>!√π°]|[,.:]\d)|[\w√π²³]")


def last_number(text: str) -> str | None:
    """Returns the last number of a text with its unit, if it stands alone and nothing beside it doubts it.

    >>> [last_number(text) for text in ("She has 3 cats, 4 dogs: 7 pets.", "It takes 4 days.", "It is 42 or 43.")]
    ['7', '4 days', None]
    """
    if "$" * MAX_MARKS in text:
        return None
    text = MATH_MARKS.sub(" ", text)
    tail = text.rfind(" ", 0, max(0, len(text) - _TAIL)) + 1
    found = _last(text, tail) or _last(text, 0)
    if found is None or not _stands_alone(text, found):
        return None
    before, after = text[: found.start()], text[found.end() :]
    changed = _CHANGED_AT_ONCE.search(before[-_DOUBT_REACH:]) or _CHANGING.match(after)
    if changed or _doubted(before, after):
        return None
    unit = _NEXT_WORD.match(after)
    measured = unit and {unit[1].lower(), unit[1].lower().removesuffix("s")} & MEASURES.keys()
    return f"{found[0]} {unit[1]}".strip() if unit and measured else found[0].strip()


def only_number(answer: str) -> str:
    """Returns the one number of an answer that is a sentence, unless words change it; else the answer itself.

    >>> only_number("that she needs 10 apples for it"), only_number("10 more than the number of dogs")
    ('10', '10 more than the number of dogs')
    """
    if len(answer) > MAX_SENTENCE or len(_WORD.findall(answer)) < MIN_WORDS or "\\" in answer:
        return answer
    numbers = list(_NUMBER.finditer(answer))
    if len(numbers) != 1 or not _stands_alone(answer, numbers[0]):
        return answer
    before, after = answer[: numbers[0].start()], answer[numbers[0].end() :]
    changed = _CHANGED.search(before) or _CHANGING.match(after) or _doubted(before, f"{after}.")
    return answer if changed else numbers[0][0].strip()


def _last(text: str, start: int) -> re.Match[str] | None:
    newest = deque(_NUMBER.finditer(text, start), maxlen=1)
    return newest[0] if newest else None


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    """Whether a number is no part of a larger expression, word or time."""
    before = text[: found.start()]
    if before and (before[-1].isalnum() or before[-1] in ".\\"):
        return False
    if re.search(r"\d:$", before[-2:]):
        return False
    before = before[-40:].rstrip(" \t")
    if found["sign"] and before and (before[-1].isalnum() or before[-1] in ")}]"):
        return False
    return not _OPERAND_BEFORE.search(before) and not _OPERAND_AFTER.match(text, found.end())


def _doubted(before: str, after: str) -> bool:
    """Whether a number is asked or denied, or stands beside words that decline to answer."""
    before, after = before[-_DOUBT_REACH:], after[:_DOUBT_REACH]
    if _ONE_OF.search(before) or _BROKEN_OFF.fullmatch(after):
        return True
    sentence = _SENTENCE_START.split(before)[-1]
    return (
        after.lstrip(" \t\"')*_").startswith("?")
        or any(map(_DENIAL.search, (sentence, after)))
        or any(map(_DECLINED.search, (before, after)))
    )
