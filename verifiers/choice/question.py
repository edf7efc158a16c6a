"""Which of the choices an answer chooses."""

import re
from dataclasses import dataclass
from functools import cached_property

from rft.verifiers.choice.letters import LETTER, UNCERTAIN, Letters, is_set_off, letter_of, spelled
from rft.verifiers.math.equal.compare import equivalent
from rft.verifiers.verbatim import plain

MAX_ANSWER = 2_000
"""Characters of an answer; what is longer chooses nothing."""
_REASON = re.compile(r"[,;]? (?:because|since|as it|as the)\b.*", re.IGNORECASE | re.DOTALL)
_PRAISE = re.compile(
    r" (?:is|are)(?: both| all)?(?: the)? (?:correct|right|best)(?: (?:answers?|options?|choices?))?\W*\Z",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(r"\A ?[({\[]([^()\[\]{}]*)[)}\]] ?\Z")
_BETWEEN = re.compile(r" ?(?:[,;/&]|\\&|\band\b) ?")


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
        for text in dict.fromkeys((answer, _PRAISE.sub("", _REASON.sub("", spelled(answer))))):
            one = self._one(text)
            if one:
                return one
            found = self._several(text) or (one if found is None else found)
            if found:
                return found
        return found

    def _one(self, answer: str) -> Letters | None:
        """The letter of a choice, alone or with a text behind it; else the choice that has this text.

        >>> paris = Question(frozenset("A"), {"A": "Paris", "B": "a dog"})
        >>> [paris._one(answer) for answer in ("a dog", "(A) Paris", "(B) Paris")]  # the last contradicts itself
        [frozenset({'B'}), frozenset({'A'}), frozenset()]
        """
        text = spelled(answer)
        match = LETTER.fullmatch(text)
        if match is None:
            return self._by_text(answer)
        letter, rest = letter_of(match), match["rest"].strip(" .")
        if not rest:
            known = self._by_words(text)  # the text of a choice may be a letter
            return frozenset({letter}) if not known or letter in known else frozenset()
        closed = is_set_off(match)
        if not closed and match["bare"].islower():  # an article
            return self._by_text(answer)
        if letter in self.texts:
            if letter in self._matching(rest):
                return frozenset({letter})
            return frozenset() if closed and not self._by_words(text) else self._by_text(answer)
        spaced = bool(match["gap"]) or not match["bare"] or match["mark"].endswith(")")
        if self.texts and not closed:
            return self._by_text(answer)
        return frozenset({letter}) if closed and spaced and not UNCERTAIN.search(rest) else None

    def _several(self, answer: str) -> Letters | None:
        """The letters of a list; nothing when a part contradicts itself; None when a part chooses none."""
        text = _ENCLOSED.sub(r"\1", spelled(answer).replace("\\{", "").replace("\\}", ""))
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
