"""The words with which an answer is announced: "the answer is x", "Answer: x", ``"answer": "x"`` and the like.

English, Spanish, French, Italian, Portuguese, German, Russian, Chinese and Japanese.
"""

import re

_PHRASE = re.compile(
    r"""(?:\banswer\b["'*_]*[^\S\n]*
          (?:is\b[^\S\n]*:?|(?:to|for|of)\b[^\n.:]{0,100}?\b(?:is\b[^\S\n]*:?|:)|[:=])
        | \b(?:respuesta|réponse|risposta|resposta|antwort)\b(?:[^\S\n]+(?:final|finale|correcta|correcte))?
          ["'*_]*[^\S\n]*(?:(?:es|est|è|é|ist|lautet)\b[^\S\n]*:?|[:=])
        | \bответ\b[*_]*[^\S\n]*[-—:=]
        | (?:答案|答え)[*_]*(?:是|为|為|は)?[：:]?)
        [*_]*\s{0,8}(?P<answer>\S[^\n]*)""",
    re.IGNORECASE | re.VERBOSE,
)
_DENIED = re.compile(r"\b(?:wrong|incorrect|false|suppose|assume|assuming|if|not)\W+(?:\w+\W+){0,2}\Z", re.IGNORECASE)
"""Words before an announcement that make it none."""
_WORDS = ("answer", "respuesta", "réponse", "risposta", "resposta", "antwort", "ответ", "答案", "答え")
"""One of these is in every announcement."""


def last_phrase(text: str) -> re.Match[str] | None:
    """Returns the last announcement, its group ``answer`` the rest of the line; None where there is none, or denied."""
    found = announcement(text)
    return None if found and is_denied(found) else found


def is_denied(found: re.Match[str]) -> bool:
    """Returns whether the words before an announcement make it none."""
    return _DENIED.search(found.string, max(0, found.start() - 40), found.start()) is not None


def announcement(text: str) -> re.Match[str] | None:
    """Returns the last announcement, a denied one too; only places where one of its words stands are looked at."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters change their length
        lower = text
    ends = {word: len(text) for word in _WORDS}
    while ends:
        places = {word: lower.rfind(word, 0, end) for word, end in ends.items()}
        ends = {word: place for word, place in places.items() if place >= 0}
        if ends:
            word = max(ends, key=lambda name: ends[name])
            if found := _PHRASE.match(text, ends[word]):
                return found
            ends = {name: place + (len(name) if name != word else 0) for name, place in ends.items()}
    return None
