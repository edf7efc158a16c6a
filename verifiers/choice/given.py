"""Which answers a completion gives: in its boxes, else in its announcements and its last line."""

import re
from collections.abc import Iterator, Sequence

from rft.verifiers.choice.letters import only_letter
from rft.verifiers.extraction.answer import ExtractionPolicy, after_reasoning, extract
from rft.verifiers.extraction.phrases import last_phrase

_ANNOUNCED = re.compile(r"\b(?:correct|right|best) (?:option|choice) is\b:?([^\n]*)", re.IGNORECASE)
_TAKEN_BACK = re.compile(r"\?|[.,;!。][ ]+(?:or|wait|no|actually|hmm|maybe|not)\b", re.IGNORECASE)
"""In the line of an announcement, whatever it says."""
_SENTENCE = re.compile(r"\.(?=\s|\Z)|;|。")


def given(completion: str, policy: ExtractionPolicy = "lenient") -> tuple[str, list[str]]:
    """Returns the rule that found the answers of a completion, and the answers.

    >>> given("Paris it is. The correct option is C.\\n\\n(C)")
    ('phrase', ['C', '(C)'])
    """
    found = extract(completion, policy)
    if found is not None and found.rule == "boxed":
        return found.rule, [*found.others, found.text]
    text = after_reasoning(completion)
    if policy == "strict" or text is None or "\\boxed" in text or "\\fbox" in text:
        return "none", []
    first = [found.text] if found is not None and found.rule in ("hashes", "phrase") else []
    lines = _announced_lines(text)
    if any(map(_TAKEN_BACK.search, lines)):
        return "none", []
    announced = list(dict.fromkeys([*first, *_announcements(lines)]))
    last_line = text.rstrip().rpartition("\n")[2].strip()
    alone = [last_line] if len(last_line) < 60 and only_letter(last_line) else []
    return ("phrase" if announced else "last_line" if alone else "none"), [*announced, *alone]


def _announcements(lines: Sequence[str]) -> Iterator[str]:
    """What follows "the answer is" and "the correct option is": the sentence; the line if a letter begins it."""
    for line in lines:
        sentence = _SENTENCE.split(line, maxsplit=1)[0]
        yield sentence.strip(" .*_\"'")
        if len(line) < 200 and only_letter(sentence):  # "C. Paris" is no sentence "C"
            yield line.strip(" .*_\"'")


def _announced_lines(text: str) -> list[str]:
    phrase = last_phrase(text)
    options = list(_ANNOUNCED.finditer(text))
    return ([phrase["answer"].strip()] if phrase else []) + ([options[-1][1].strip()] if options else [])
