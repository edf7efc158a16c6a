r"""The one rule by which an answer is taken out of a completion. Pure text, linear time, nothing is understood here.

1. Only what follows the end of the reasoning counts (``</think>`` and its kin). Reasoning that was begun and never
   ended has no answer.
2. The last ``\boxed{}`` (or ``\fbox{}``), outermost when nested. A last box that is empty or never closed gives *no
   answer*: an earlier box, or a fall-back, would put words into the model's mouth. Other boxes with other texts are
   part of the result: who boxes 41 and 42 has not answered 42. Boxes that hold only a ``\phantom{}`` are blanks.
3. Only where no box was begun, and only by the lenient policy, in this order: the last ``#### x`` (an x that begins
   like a value, or ends the text: other lines of that kind are headings); the last ``<answer>x</answer>``; the last
   "the answer is x", "Answer: x" or ``"answer": "x"``, in nine languages (``phrases``), unless it is taken back; a
   formula between math delimiters that ends the text; the last number, if it stands alone, not inside an expression,
   and is not doubted or changed by the words beside it (``prose``).

Which rule fired is part of the result, so that a run can show how its answers were found.
"""

import re
from collections import deque
from dataclasses import dataclass
from typing import Literal

from rft.verifiers.extraction.phrases import announcement, is_denied, last_phrase
from rft.verifiers.extraction.prose import MATH_MARKS, last_number, only_number

ExtractionPolicy = Literal["strict", "lenient"]
Rule = Literal["boxed", "hashes", "tag", "phrase", "last_math", "last_number"]

_REASONING_ENDS = ("</think>", "</thinking>", "</reasoning>", "<|end_of_thought|>", "◁/think▷", "[/THINK]")
_REASONING_STARTS = ("<think>", "<thinking>", "<reasoning>", "<|begin_of_thought|>", "◁think▷", "[THINK]")
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_BOX_TOKEN = re.compile(r"(?P<box>\\(?:boxed|fbox)(?![a-zA-Z]))(?:\s*(?P<open>\{))?|\\.|(?P<brace>[{}])", re.DOTALL)
_HASHES = re.compile(r"(?<!#)####(?!#)[^\S\n]*(?:([-+−\d.$\\(\[{][^\n]*)|([^\n]*)(?=\s*\Z))")
MAX_FORMULA = 2_000
"""Characters of a formula that ends a text."""
_LAST_MATH = re.compile(
    r"(?:\$\$([^$]{1,SIZE})\$\$|(?<![\\$])\$([^$\n]{1,SIZE})(?<!\\)\$|\\\[(.{1,SIZE}?)\\\]|\\\((.{1,SIZE}?)\\\))[.*_\s]*\Z".replace(
        "SIZE", str(MAX_FORMULA)
    ),
    re.DOTALL,
)
_BLANK = re.compile(r"\s*\\h?phantom\s*\{.*\}\s*|\s*\?*\s*", re.DOTALL)
_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TAG = re.compile(r"<answer>([^<]{1,2000})</answer>", re.IGNORECASE)
_SENTENCE_END = re.compile(r"\.(?=\s|$)|。|\s(?:because|since)\b|,\s*\"(?=\w)|;\s(?=[a-z]+ [a-z]+ )")
_TAKEN_BACK = re.compile(
    r"[\s.,;!*]*(?:or|wait|no|actually|oops|sorry|correction|hmm|but|however|hold on|that is wrong)\b", re.IGNORECASE
)
"""What follows an answer that does not stand."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer and how it was found."""

    text: str
    """The answer as it stood in the completion, outer spaces removed."""
    rule: Rule
    others: tuple[str, ...] = ()
    """What was given as the answer in the same way elsewhere, where it differs; the first of each kind."""


def extract(completion: str, policy: ExtractionPolicy = "lenient") -> Extraction | None:
    r"""Returns the answer of a completion, or None when it gives none.

    >>> extract(r"<think>\boxed{1}</think> So it is \boxed{2}.")
    Extraction(text='2', rule='boxed', others=())
    """
    text = after_reasoning(completion)
    if text is None:
        return None
    boxes = _boxes(text)
    if boxes is not None:
        return _given(boxes, "boxed") if boxes and boxes[-1] else None
    if policy == "strict":
        return None
    found = _hashes(text) or _tagged(text) or _phrase(text) or _last_math(text) or _last_number(text)
    return found if found and found.text else None


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


def _given(answers: list[str], rule: Rule) -> Extraction:
    """The last of several answers, and those that differ from it."""
    last = answers[-1]
    others = dict.fromkeys(answer for answer in answers if answer != last and not _BLANK.fullmatch(answer))
    return Extraction(last, rule, tuple(others))


def _boxes(text: str) -> list[str] | None:
    """The contents of the outermost boxes, none when the last box is unclosed; None when there is no box."""
    if "\\boxed" not in text and "\\fbox" not in text:
        return None
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
        return []
    return [text[start:end].strip() for start, end in closed]


def _hashes(text: str) -> Extraction | None:
    if "####" not in text:
        return None
    newest = deque(_HASHES.finditer(text), maxlen=1)
    answer = _tidy(newest[0][1] or newest[0][2]) if newest else ""
    return Extraction(answer, "hashes") if answer else None


def _tagged(text: str) -> Extraction | None:
    found = deque(_TAG.finditer(text), maxlen=1)
    answer = _tidy(found[0][1]) if found else ""
    return Extraction(answer, "tag") if answer else None


def _phrase(text: str) -> Extraction | None:
    """The announced answer; with an empty text where it was denied or taken back: then nothing else is looked for."""
    found = announcement(text)
    if found is None:
        return None
    if is_denied(found):
        return Extraction("", "phrase")
    answer = found["answer"]
    for _ in range(2):  # "Final answer: the answer is 5" holds the phrase twice
        found = last_phrase(answer)
        answer = found["answer"] if found else answer
    if quoted := _JSON_STRING.match(answer):
        answer = quoted[1].replace("\\\\", "\\").replace('\\"', '"')
    else:
        end = _SENTENCE_END.search(answer)
        if end and _TAKEN_BACK.match(answer, end.end()):
            return Extraction("", "phrase")
        answer = answer[: end.start()] if end else answer
        if answer.count("}") > answer.count("{"):
            answer = answer.rstrip(" }]")  # the end of a JSON object
    answer = only_number(_tidy(answer).removesuffix("です").strip())
    return Extraction(answer, "phrase") if answer else None


def _last_math(text: str) -> Extraction | None:
    text = text.rstrip(" \t\n.*_")
    if not text.endswith(("$", "\\]", "\\)")):
        return None
    found = _LAST_MATH.search(text, max(0, len(text) - MAX_FORMULA - 4))
    answer = next((group.strip() for group in found.groups() if group), "") if found else ""
    return Extraction(answer, "last_math") if answer else None


def _last_number(text: str) -> Extraction | None:
    number = last_number(text)
    return Extraction(number, "last_number") if number else None


def _tidy(answer: str) -> str:
    return MATH_MARKS.sub(" ", answer).strip().strip("\"'*_ ").removesuffix(".").strip()
