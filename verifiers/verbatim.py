r"""The verifier named ``exact``: the answer is the reference, letter by letter, but for its dress.

Dress is what carries no meaning: compatibility forms of Unicode (full-width letters, ligatures, odd spaces), outer
spaces and quotes, runs of spaces, math and Markdown marks around the whole answer, and, unless the options say
otherwise, case and a sentence's end. Superscripts, subscripts and vulgar fractions keep their form, and ``!`` and ``?``
behind a digit stay: 10² is not 102, 5! is not 5. Where equality is more than that, use ``math`` or ``choice``.
"""

import math
import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

from rft.types import JSON, Outcome, Problem, Reason, Verdict
from rft.verifiers.extraction.answer import after_reasoning, extract

VERSION = 1
"""Goes up with every change that may change a verdict."""
MAX_LAYERS = 6
"""Quotes, marks and full stops around an answer that are taken off."""

Source = Literal["strict", "lenient", "whole"]

_QUOTES = "\"'`´“”„‟‘’‚‛«»‹›「」『』"
_WRAPPED = (
    re.compile(r"\\(?:text|textbf|textit|textrm|texttt|mathrm|mathbf|mathit|mbox)\s*\{([^{}]*)\}"),
    re.compile(r"\$\$([^$]*)\$\$"),
    re.compile(r"\$([^$]*)\$"),
    re.compile(r"\\\(((?:[^\\]|\\[^()])*)\\\)"),
    re.compile(r"\*\*([^*]*)\*\*"),
    re.compile(r"\*([^*]*)\*"),
    re.compile(r"__([^_]*)__"),
)
"""Marks around a whole answer; the group is the answer."""
_SENTENCE_END = re.compile(r"(?:[.,;:…。，；：、]|(?<=[^\d\s])[!?！？])\Z")
_KEPT_FORMS = ("<super>", "<sub>", "<fraction>")


@dataclass
class VerbatimVerifier:
    """Judges answers by their text; the reference is a text or number, or a list of accepted ones.

    >>> problem = Problem("p", "Capital of France?", "exact", "Paris", "demo", "train")
    >>> verdicts = VerbatimVerifier().verify(problem, ["The answer is “paris”.", r"\\boxed{Lyon}"])
    >>> [str(verdict.outcome) for verdict in verdicts]
    ['correct', 'incorrect']
    """

    extraction: Source = "lenient"
    """strict: the last box only. lenient: then ``#### x``, "the answer is x" and so on (see extract). whole: all that
    follows the reasoning."""
    ignore_case: bool = True
    """Whether ``paris`` is ``Paris``."""
    ignore_punctuation: bool = True
    """Whether a sentence's end behind the answer (``Paris.``, ``Paris!``) does not count."""
    id: str = field(init=False)
    """Name, version and hash of the settings that can change a verdict."""

    def __post_init__(self) -> None:
        settings = f"{self.extraction} {self.ignore_case} {self.ignore_punctuation}"
        self.id = f"exact-{VERSION}-{sha256(settings.encode()).hexdigest()[:8]}"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        """Judges all candidates of one problem. Thread-safe."""
        accepted = self._accepted(problem.reference)
        return [self._timed(accepted, completion) for completion in completions]

    def close(self) -> None:
        """Does nothing: there is nothing to end."""

    def _timed(self, accepted: frozenset[str] | str, completion: str) -> Verdict:
        start, cpu = time.perf_counter(), time.thread_time()
        verdict = self._judge(accepted, completion)
        return replace(verdict, cpu_s=time.thread_time() - cpu, wall_s=time.perf_counter() - start)

    def _judge(self, accepted: frozenset[str] | str, completion: str) -> Verdict:
        if isinstance(accepted, str):
            return Verdict(Outcome.UNJUDGED, self.id, Reason.BAD_REFERENCE, detail=accepted)
        rule, given = self._given(completion)
        if not given:
            return Verdict(Outcome.INCORRECT, self.id, Reason.NO_ANSWER, detail=f"rule={rule}")
        known = [self._plain(answer) in accepted for answer in given]
        detail = f"rule={rule}"
        if all(known):
            return Verdict(Outcome.CORRECT, self.id, extracted=given[-1], detail=detail)
        reason = Reason.SEVERAL_ANSWERS if len({self._plain(a) for a in given}) > 1 else Reason.WRONG_ANSWER
        return Verdict(Outcome.INCORRECT, self.id, reason, extracted=given[-1], detail=detail)

    def _given(self, completion: str) -> tuple[str, list[str]]:
        """The rule that found the answers of a completion, and the answers, the last one last."""
        if self.extraction == "whole":
            whole = (after_reasoning(completion) or "").strip()
            return ("whole", [whole]) if whole else ("none", [])
        found = extract(completion, self.extraction)
        return (found.rule, [*found.others, found.text]) if found else ("none", [])

    def _plain(self, text: str) -> str:
        return plain(text, ignore_case=self.ignore_case, ignore_punctuation=self.ignore_punctuation)

    def _accepted(self, reference: JSON) -> frozenset[str] | str:
        """The accepted answers, or what is wrong with the reference."""
        answers = reference if isinstance(reference, list) else [reference]
        if not answers:
            return "the reference is an empty list"
        accepted = set()
        for answer in answers:
            if isinstance(answer, bool) or not isinstance(answer, str | int | float):
                return f"the reference must be a text, a number or a list of these; seen: {type(answer).__name__}"
            if isinstance(answer, float) and not math.isfinite(answer):
                return f"the reference {answer} is not a finite number"
            text = self._plain(str(answer))
            if not text:
                return f"nothing is left of the reference {str(answer)[:80]!r} once quotes and punctuation are removed"
            accepted.add(text)
            if isinstance(answer, float) and answer.is_integer():  # tables turn 42 into 42.0
                accepted.add(str(int(answer)))
        return frozenset(accepted)


def plain(text: str, *, ignore_case: bool = True, ignore_punctuation: bool = True) -> str:
    r"""Returns a text without its dress; two texts are equal when this is.

    >>> plain("  **Ｎew   York**. "), plain(r"$\text{“Yes!”}$"), plain("5!"), plain("10²")
    ('new york', 'yes', '5!', '10²')
    """
    text = " ".join(compatible(text).split())
    for _ in range(MAX_LAYERS):
        text = _undressed(text)
        if ignore_punctuation:
            text = _SENTENCE_END.sub("", text).rstrip()
    return text.casefold() if ignore_case else text


def _undressed(text: str) -> str:
    """A text without one layer of quotes or marks."""
    text = text.replace("\\ ", " ") if text.startswith("\\") else text
    for wrapped in _WRAPPED:
        if found := wrapped.fullmatch(text):
            text = found[1].strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return text


def compatible(text: str) -> str:
    """Returns a text with its compatibility characters replaced (NFKC), superscripts, subscripts and fractions kept."""
    if text.isascii():
        return text
    forms = (sign if unicodedata.decomposition(sign).startswith(_KEPT_FORMS) else _nfkc(sign) for sign in text)
    return unicodedata.normalize("NFC", "".join(forms))


def _nfkc(sign: str) -> str:
    return unicodedata.normalize("NFKC", sign)
