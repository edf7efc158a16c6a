r"""The verifier named ``choice``: the letter of a multiple-choice question, or the text of the choice.

An answer is read as letters: ``C``, ``(C)``, ``**C.**``, ``option C``, ``\text{(C)} 42``, ``A and C``; or, where the
choices are known, as the text of exactly one of them, equal as words or as mathematics. A letter whose text is another
choice's contradicts itself and is wrong; so are ``C or D`` and whatever is no choice.

Without a box (lenient policy) the answer is what an announcement says ("the answer is (C)", "the correct option is C")
and a last line that is a letter and nothing else; where both are there, they must agree. A letter in running prose is
never an answer: "A" is an article.
"""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers.extraction.answer import ExtractionPolicy, after_reasoning, extract
from rft.verifiers.extraction.phrases import last_phrase
from rft.verifiers.math.equal.compare import equivalent
from rft.verifiers.verbatim import compatible, plain

VERSION = 1
"""Goes up with every change that may change a verdict."""
MAX_ANSWER = 2_000
"""Characters of an answer; what is longer chooses nothing."""

Letters = frozenset[str]
"""What an answer chooses; empty when it contradicts itself."""

_GROUP = re.compile(
    r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mathit|mathsf|mbox|operatorname)\s*\{([^{}]*)\}"
)
_MARKS = re.compile(r"\\[()\[\]]|\\(?:left|right)(?![a-zA-Z])|\$|\*\*|`|(?<![a-zA-Z0-9])[*_]+|[*_]+(?![a-zA-Z0-9])")
_SPACES = re.compile(r"\\(?:[ ,;:!]|quad|qquad)(?![a-zA-Z])|~|\s+")
_LETTER = re.compile(
    r"""(?i:(?:the[ ])?(?:(?:correct|right|best|final)[ ])?(?:answer|option|choice)(?:[ ]is)?[ ]?[:=]?[ ]?)?
        (?:\([ ]?(?P<round>[A-Za-z])[ ]?\)|\[(?P<square>[A-Za-z])\]|(?P<bare>[A-Za-z])(?![\w'’]))
        (?P<mark>[ ]?[.):]|[ ][-–—]{1,3}(?=[ ])|)(?P<gap>[ ]?)(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
_UNCERTAIN = re.compile(
    r"""(?i:\A(?:or|and|nor|not|is|are)\b|\bnot\b|n['’]t\b|\b(?:wrong|incorrect|option|choice)\b)|\A[,/&=+]|\A[A-Za-z]\Z
        |\([A-Za-z]\)|\b(?:or|and|nor)[ ][A-Z](?![\w'’])|(?<![\w'’])[A-Z][).:](?=[ ]|\Z)""",
    re.VERBOSE,
)
"""In a text behind a letter: another letter, or words that take the letter back."""
_REASON = re.compile(r"[,;]? (?:because|since|as it|as the)\b.*", re.IGNORECASE | re.DOTALL)
_PRAISE = re.compile(
    r" (?:is|are)(?: both| all)?(?: the)? (?:correct|right|best)(?: (?:answers?|options?|choices?))?\W*\Z",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(r"\A ?[({\[]([^()\[\]{}]*)[)}\]] ?\Z")
_BETWEEN = re.compile(r" ?(?:[,;/&]|\\&|\band\b) ?")
_ANNOUNCED = re.compile(r"\b(?:correct|right|best) (?:option|choice) is\b:?([^\n]*)", re.IGNORECASE)
_TAKEN_BACK = re.compile(r"\?|[.,;!。][ ]+(?:or|wait|no|actually|hmm|maybe|not)\b", re.IGNORECASE)
"""In the line of an announcement, whatever it says."""
_SENTENCE = re.compile(r"\.(?=\s|\Z)|;|。")


@dataclass
class ChoiceVerifier:
    r"""Judges answers to multiple-choice questions, of which one choice is right, or several together.

    The reference is a letter, ``"C"``; or ``{"answer": "C", "choices": {"A": "Paris", ...}}``, where the choices may
    also be a list, whose letters are A, B, ... in order. ``{"answer": ["A", "C"], ...}``: both are needed, in any
    order.

    >>> reference = {"answer": "C", "choices": ["1/4", "1/3", "1/2"]}
    >>> problem = Problem("p", "2/4?", "choice", reference, "demo", "train")
    >>> verdicts = ChoiceVerifier().verify(problem, [r"\boxed{(C)}", r"\boxed{0.5}", r"\boxed{C. 1/3}", "C or B"])
    >>> [str(verdict.outcome) for verdict in verdicts]
    ['correct', 'correct', 'incorrect', 'incorrect']
    """

    extraction: ExtractionPolicy = "lenient"
    """strict: the last box only. lenient: then an announcement, and a last line that is only a letter."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""

    def __post_init__(self) -> None:
        self.id = f"choice-{VERSION}-{sha256(self.extraction.encode()).hexdigest()[:8]}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem; the reference and equal answers are read once. Thread-safe."""
        question = read_question(problem.reference)
        return [self._timed(question, completion) for completion in completions]

    def close(self) -> None:
        """Does nothing: there is nothing to end."""

    def _timed(self, question: "Question | str", completion: str) -> Verdict:
        start, cpu = time.perf_counter(), time.thread_time()
        verdict = self._judge(question, completion)
        return replace(verdict, cpu_s=time.thread_time() - cpu, wall_s=time.perf_counter() - start)

    def _judge(self, question: "Question | str", completion: str) -> Verdict:
        if isinstance(question, str):
            return Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=question)
        rule, answers = given(completion, self.extraction)
        if not answers:
            return Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER, detail="rule=none")
        readings = [question.read(answer) for answer in answers]
        if rule != "boxed":  # the same announcement, read in several ways
            readings = [reading for reading in readings if reading is not None] or [None]
        known = [reading for reading in readings if reading is not None]
        chosen = frozenset[str]().union(*known)
        sure = len(known) == len(readings) and all(known)
        if rule != "boxed":
            sure = sure and len(set(known)) == 1
        detail = f"rule={rule}; chosen={','.join(sorted(chosen)) or 'none'}"
        if sure and chosen == question.right:
            return Verdict(Outcome.CORRECT, self.id, extracted=answers[-1], detail=detail)
        reason = Reason.SEVERAL_ANSWERS if len(chosen) > len(question.right) else Reason.WRONG_ANSWER
        return Verdict(Outcome.INCORRECT, self.id, reason, extracted=answers[-1], detail=detail)


@dataclass(frozen=True)
class Question:
    """The right letters, and the texts of the choices as far as they are known."""

    right: Letters
    texts: dict[str, str]

    def read(self, answer: str) -> Letters | None:
        """Returns what an answer chooses; nothing when it contradicts itself; None when it chooses none."""
        if len(answer) > MAX_ANSWER:
            return None
        if answer not in self._known:
            self._known[answer] = self._read(answer)
        return self._known[answer]

    @cached_property
    def _known(self) -> dict[str, Letters | None]:
        return {}

    def _read(self, answer: str) -> Letters | None:
        found = None
        for text in dict.fromkeys((answer, _PRAISE.sub("", _REASON.sub("", _spelled(answer))))):
            one = self._one(text)
            if one:
                return one
            found = self._several(text) or (one if found is None else found)
            if found:
                return found
        return found

    def _one(self, answer: str) -> Letters | None:
        spelled = _spelled(answer)
        match = _LETTER.fullmatch(spelled)
        if match is None:
            return self._by_text(answer)
        letter, rest = _letter(match), match["rest"].strip(" .")
        if not rest:
            known = self._by_words(spelled)
            return frozenset({letter}) if not known or letter in known else frozenset()
        closed = _closed(match)
        if not closed and match["bare"].islower():
            return self._by_text(answer)
        if letter in self.texts:
            if letter in self._matching(rest):
                return frozenset({letter})
            return frozenset() if closed and not self._by_words(spelled) else self._by_text(answer)
        spaced = bool(match["gap"]) or not match["bare"] or match["mark"].endswith(")")
        if self.texts and not closed:
            return self._by_text(answer)
        return frozenset({letter}) if closed and spaced and not _UNCERTAIN.search(rest) else None

    def _several(self, answer: str) -> Letters | None:
        """The letters of a list; nothing when a part contradicts itself; None when a part chooses none."""
        text = _ENCLOSED.sub(r"\1", _spelled(answer).replace("\\{", "").replace("\\}", ""))
        text = re.sub(r"\A(?:both|options|choices|answers) ", "", text, flags=re.IGNORECASE)
        if re.fullmatch(r"[A-Z]{2,26}", text) and len(set(text)) == len(text):
            return frozenset(text)
        parts = [part for part in _BETWEEN.split(text) if part]
        if not 1 < len(parts) <= 26:
            return None
        readings = [self._one(part) for part in parts]
        known = [reading for reading in readings if reading is not None]
        if len(known) < len(readings):
            return None
        return frozenset[str]().union(*known) if all(known) else frozenset()

    def _by_text(self, answer: str) -> Letters | None:
        """The one choice that has this text; None when none has, or several have."""
        letters = self._matching(answer)
        return letters if len(letters) == 1 else None

    def _by_words(self, text: str) -> Letters:
        cased, caseless = self._words
        return cased.get(plain(text, ignore_case=False)) or caseless.get(plain(text)) or frozenset()

    def _matching(self, text: str) -> Letters:
        """All choices with this text: by its words, else as mathematics."""
        return self._by_words(text) or frozenset(
            letter for letter, choice in self.texts.items() if equivalent(choice, text)
        )

    @cached_property
    def _words(self) -> tuple[dict[str, Letters], dict[str, Letters]]:
        cased: dict[str, Letters] = {}
        caseless: dict[str, Letters] = {}
        for letter, text in self.texts.items():
            for words, table in ((plain(text, ignore_case=False), cased), (plain(text), caseless)):
                table[words] = table.get(words, frozenset()) | {letter}
        return cased, caseless


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
    alone = [last_line] if len(last_line) < 60 and _only_letter(last_line) else []
    return ("phrase" if announced else "last_line" if alone else "none"), [*announced, *alone]


def _announcements(lines: Sequence[str]) -> Iterator[str]:
    """What follows "the answer is" and "the correct option is": the sentence; the line if a letter begins it."""
    for line in lines:
        sentence = _SENTENCE.split(line, maxsplit=1)[0]
        yield sentence.strip(" .*_\"'")
        if len(line) < 200 and _only_letter(sentence):  # "C. Paris" is no sentence "C"
            yield line.strip(" .*_\"'")


def _announced_lines(text: str) -> list[str]:
    phrase = last_phrase(text)
    options = list(_ANNOUNCED.finditer(text))
    return ([phrase["answer"].strip()] if phrase else []) + ([options[-1][1].strip()] if options else [])


def read_question(reference: JSON) -> Question | str:
    """Returns what a reference says, or what is wrong with it in one sentence."""
    if isinstance(reference, str):
        return _lettered(reference)
    if isinstance(reference, list):
        return 'the reference is a list; several right letters are written {"answer": ["A", "C"]}'
    if not isinstance(reference, dict):
        return f'the reference must be a letter or {{"answer": ..., "choices": ...}}; seen: {type(reference).__name__}'
    unknown = sorted(
        str(key) for key, value in reference.items() if value is not None and key not in ("answer", "choices")
    )
    if unknown or reference.get("answer") is None:
        seen = f"the key '{unknown[0]}' is unknown" if unknown else "there is no 'answer'"
        return f"the reference must hold 'answer' and may hold 'choices'; {seen}"
    texts = _choices(reference.get("choices"))
    if isinstance(texts, str):
        return texts
    answer = reference["answer"]
    right = [_only_letter(letter) for letter in (answer if isinstance(answer, list) else [answer])]
    letters = frozenset(letter for letter in right if letter)
    if not right or len(letters) < len(right):
        return f"the answer {str(answer)[:80]!r} must be a letter, or a list of different letters"
    if texts and not letters <= texts.keys():
        return f"the answer {', '.join(sorted(letters - texts.keys()))} is none of the choices {', '.join(texts)}"
    return Question(letters, texts)


def _lettered(reference: str) -> Question | str:
    """A reference that is a letter, or a letter with its text."""
    match = _LETTER.fullmatch(_spelled(reference))
    rest = match["rest"].strip(" .") if match else ""
    if match is None or (rest and not (_closed(match) and not _UNCERTAIN.search(rest))):
        return f"the reference {reference[:80]!r} is not a letter from A to Z"
    return Question(frozenset({_letter(match)}), {_letter(match): rest} if rest else {})


def _choices(choices: JSON) -> dict[str, str] | str:
    """Letter -> text, or what is wrong with the choices; those that are None are not there."""
    if choices is None:
        return {}
    if isinstance(choices, list):
        if len(choices) > 26:
            return f"there are {len(choices)} choices; the letters end with Z, the 26th"
        choices = {chr(ord("A") + place): text for place, text in enumerate(choices)}
    if not isinstance(choices, dict):
        return f"'choices' must be a mapping from letters to texts, or a list of texts; seen: {type(choices).__name__}"
    texts: dict[str, str] = {}
    for name, text in choices.items():
        letter = _only_letter(name)
        if not letter or letter in texts:
            return f"the choice {str(name)[:80]!r} is not a letter from A to Z of its own"
        if text is None:
            continue
        if isinstance(text, bool) or not isinstance(text, str | int | float) or not plain(str(text)):
            return f"choice {letter} must be a text or a number; seen: {str(text)[:80]!r}"
        texts[letter] = str(text)
    return _unlabelled(texts) if texts else "there are no choices"


def _unlabelled(texts: dict[str, str]) -> dict[str, str]:
    """The texts without ``A. ``, ``B. ``, ... where each begins with its own letter."""
    labels = {letter: re.match(rf"\s*(?:\({letter}\)|{letter}[.):])\s*(?=\S)", text) for letter, text in texts.items()}
    if any(label is None for label in labels.values()):
        return texts
    return {letter: texts[letter][label.end() :] for letter, label in labels.items() if label}


def _only_letter(written: JSON) -> str | None:
    match = _LETTER.fullmatch(_spelled(written)) if isinstance(written, str) else None
    return _letter(match) if match and not match["rest"].strip(" .") else None


def _letter(match: re.Match[str]) -> str:
    return str(match["round"] or match["square"] or match["bare"]).upper()


def _closed(match: re.Match[str]) -> bool:
    """Whether the letter is set off from what follows: ``(C) 42``, ``C. 42``, but not ``C 42``."""
    return not match["bare"] or bool(match["mark"])


def _spelled(text: str) -> str:
    r"""An answer without its LaTeX and Markdown marks, in one line: ``(C) 42`` for ``$\textbf{(C)}\ 42$``."""
    text = _SPACES.sub(" ", _MARKS.sub("", _GROUP.sub(r" \1 ", compatible(text)))).strip()
    return text[1:-1].strip() if re.fullmatch(r"\{[^{}]*\}|\"[^\"]*\"|“[^”]*”|'[^']*'", text) else text
