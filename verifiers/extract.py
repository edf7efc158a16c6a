r"""The one rule by which an answer is taken out of a completion. Pure text, linear time, nothing is understood here.

1. Only what follows the end of the reasoning counts (``</think>`` and its kin). Reasoning that was begun and never
   ended has no answer.
2. The last ``\boxed{}`` (or ``\fbox{}``), outermost when nested. A last box that is empty or never closed gives *no
   answer*: an earlier box, or a fall-back, would put words into the model's mouth.
3. Only where no box was begun, and only by the lenient policy, in this order: the last ``#### x`` (an x that begins
   like a value, or ends the text: other lines of that kind are headings); the last "the answer
   is x", "Answer: x" or ``"answer": "x"``; the last number, if it stands alone, not inside an expression, and is not
   doubted: asked (``7?``), denied (``not 7``) or beside words that decline to answer (``I don't know``).

Which rule fired is part of the result, so that a run can show how its answers were found.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Literal

Policy = Literal["strict", "lenient"]
Rule = Literal["boxed", "hashes", "phrase", "last_number"]

_REASONING_ENDS = ("</think>", "</thinking>", "</reasoning>", "<|end_of_thought|>", "◁/think▷", "[/THINK]")
_REASONING_STARTS = ("<think>", "<thinking>", "<reasoning>", "<|begin_of_thought|>", "◁think▷", "[THINK]")
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_BOX_TOKEN = re.compile(r"(?P<box>\\(?:boxed|fbox)(?![a-zA-Z]))(?:\s*(?P<open>\{))?|\\.|(?P<brace>[{}])", re.DOTALL)
_HASHES = re.compile(r"(?<!#)####(?!#)[^\S\n]*(?:([-+−\d.$\\(\[{][^\n]*)|([^\n]*)(?=\s*\Z))")
_PHRASE = re.compile(
    r"""\banswer\b["'*_]*[^\S\n]*
        (?:is\b[^\S\n]*:?|(?:to|for|of)\b[^\n.:]{0,100}?\b(?:is\b[^\S\n]*:?|:)|[:=])
        [*_]*\s{0,8}(?P<answer>\S[^\n]*)""",
    re.IGNORECASE | re.VERBOSE,
)
_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SENTENCE_END = re.compile(r"\.(?=\s|$)|;(?=\s|$)")
_MATH_MARKS = re.compile(r"\\[()\[\]]|(?<!\\)\$|\*\*|`")
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
_SENTENCE_START = re.compile(r"[.!?\n](?=\s|$)")
_DOUBT_REACH = 200
"""Characters before and behind a number in which it may be doubted."""
_OPERAND_BEFORE = re.compile(r"[-+−/^_{(\[\\×÷·<>,]$")
_OPERAND_AFTER = re.compile(r"[^\S\n]*(?:[-+*/^_=(){}\[\]\\×÷·<>!√π°]|[,.:]\d)|[\w√π²³]")


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer and how it was found."""

    text: str
    """The answer as it stood in the completion, outer spaces removed."""
    rule: Rule


def extract(completion: str, policy: Policy = "lenient") -> Extraction | None:
    r"""Returns the answer of a completion, or None when it gives none.

    >>> extract(r"<think>\boxed{1}</think> So it is \boxed{2}.")
    Extraction(text='2', rule='boxed')
    """
    text = after_reasoning(completion)
    if text is None:
        return None
    boxed = _last_box(text)
    if boxed is not None:
        return Extraction(boxed, "boxed") if boxed else None
    if policy == "strict":
        return None
    return _hashes(text) or _phrase(text) or _last_number(text)


def after_reasoning(completion: str) -> str | None:
    """Returns what follows the reasoning; all of it when there is none marked; None when it was never ended."""
    end = 0
    for mark in (*_REASONING_ENDS, _FINAL_CHANNEL):
        found = completion.rfind(mark)
        if found >= 0:
            end = max(end, found + len(mark))
    if any(completion.find(mark, end) >= 0 for mark in _REASONING_STARTS):
        return None
    return completion[end:]


def _last_box(text: str) -> str | None:
    """The content of the last outermost box; "" when the last box is empty or unclosed; None when there is no box."""
    opened: list[int | None] = []
    closed: list[tuple[int, int]] = []
    begun = -1
    for token in _BOX_TOKEN.finditer(text):
        if token["box"]:
            begun = token.start()
            if token["open"]:
                opened.append(token.end())
        elif token["brace"] == "{":
            opened.append(None)
        elif token["brace"] == "}" and opened:
            start = opened.pop()
            if start is not None:
                while closed and closed[-1][0] > start:
                    closed.pop()
                closed.append((start, token.start()))
    if begun < 0:
        return None
    if not closed or begun > closed[-1][1]:
        return ""
    return text[slice(*closed[-1])].strip()


def _hashes(text: str) -> Extraction | None:
    found = _last(_HASHES, text)
    answer = _tidy(found[1] or found[2]) if found else ""
    return Extraction(answer, "hashes") if answer else None


def _phrase(text: str) -> Extraction | None:
    answer = ""
    for _ in range(3):  # "Final answer: the answer is 5" holds the phrase twice
        found = _last(_PHRASE, answer or text)
        answer = found["answer"] if found else answer
    if quoted := _JSON_STRING.match(answer):
        answer = quoted[1].replace("\\\\", "\\").replace('\\"', '"')
    else:
        answer = _SENTENCE_END.split(answer, maxsplit=1)[0]
    answer = _tidy(answer)
    return Extraction(answer, "phrase") if answer else None


def _last_number(text: str) -> Extraction | None:
    text = _MATH_MARKS.sub(" ", text)
    found = _last(_NUMBER, text)
    usable = found and _stands_alone(text, found) and not _doubted(text[: found.start()], text[found.end() :])
    return Extraction(found[0].strip(), "last_number") if found and usable else None


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
    sentence = _SENTENCE_START.split(before)[-1]
    return (
        after.lstrip(" \t\"')*_").startswith("?")
        or any(map(_DENIAL.search, (sentence, after)))
        or any(map(_DECLINED.search, (before, after)))
    )


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    newest = deque(pattern.finditer(text), maxlen=1)
    return newest[0] if newest else None


def _tidy(answer: str) -> str:
    return _MATH_MARKS.sub(" ", answer).strip().strip("\"'*_ ").removesuffix(".").strip()
