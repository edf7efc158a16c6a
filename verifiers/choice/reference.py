"""What a reference says: the right letters, and the texts of the choices."""

import re

from rft.types import JSON
from rft.verifiers.choice.letters import LETTER, UNCERTAIN, is_set_off, letter_of, only_letter, spelled
from rft.verifiers.choice.question import Question
from rft.verifiers.verbatim import plain


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
    right = [only_letter(letter) for letter in (answer if isinstance(answer, list) else [answer])]
    letters = frozenset(letter for letter in right if letter)
    if not right or len(letters) < len(right):
        return f"the answer {str(answer)[:80]!r} must be a letter, or a list of different letters"
    if texts and not letters <= texts.keys():
        return f"the answer {', '.join(sorted(letters - texts.keys()))} is none of the choices {', '.join(texts)}"
    return Question(letters, texts)


def _lettered(reference: str) -> Question | str:
    """A reference that is a letter, or a letter with its text."""
    match = LETTER.fullmatch(spelled(reference))
    rest = match["rest"].strip(" .") if match else ""
    if match is None or (rest and not (is_set_off(match) and not UNCERTAIN.search(rest))):
        return f"the reference {reference[:80]!r} is not a letter from A to Z"
    return Question(frozenset({letter_of(match)}), {letter_of(match): rest} if rest else {})


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
        letter = only_letter(name)
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
