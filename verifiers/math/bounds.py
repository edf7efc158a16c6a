r"""What is settled by looking at an answer's size and signs, before any symbolic work.

A tower of powers, a huge factorial or a sum over a billion terms costs a symbolic checker seconds and hundreds of MiB,
and never equals a reference of ordinary size. Such answers are refused here, in microseconds.
"""

import re

from rft.verifiers.math.text import FUNCTIONS

MAX_ANSWER = 50_000
"""Characters of an answer that are looked at at all."""
MAX_DEPTH = 40
MAX_SYMBOLIC = 600
"""Characters of one value that the symbolic checker is asked about."""
MAX_DIGITS = 60
"""Digits of one number inside a symbolic value."""
MAX_EXPONENT = 2_000
MAX_FACTORIAL = 2_500
MAX_WORD = 5
"""A longer run of bare letters is a word, not a product."""
_MACROS = FUNCTIONS | {
    "frac", "sqrt", "pi", "cdot", "le", "ge", "ne", "infty", "binom", "log", "ln", "alpha", "beta", "gamma", "delta",
    "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho",
    "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma",
    "Phi", "Psi", "Omega", "lfloor", "rfloor", "lceil", "rceil",
}  # fmt: skip
_UNEVALUATED = ("\\int", "\\sum", "\\prod", "\\lim")
_TOKEN = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]+|\d+|.", re.DOTALL)
_PLAIN_SIGNS = frozenset("+-*/^_(){}[]|=<>!., ")
_FACTORIAL = re.compile(r"(\d+)\s*!")
_DIGIT_RUN = re.compile(r"\d+")


def refuse(answer: str) -> str | None:
    """Returns why an answer (raw or canonical) is not looked at, or None."""
    if len(answer) > MAX_ANSWER:
        return f"longer than {MAX_ANSWER} characters"
    depth = 0
    for sign in answer:
        depth += (sign in "([{") - (sign in ")]}")
        if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH}"
    return None


def refuse_symbolic(text: str) -> str | None:
    """Returns why the symbolic checker is not asked about a value in tight canonical LaTeX, or None."""
    if len(text) > MAX_SYMBOLIC:
        return f"longer than {MAX_SYMBOLIC} characters"
    if any(len(run) > MAX_DIGITS for run in _DIGIT_RUN.findall(text)):
        return f"a number of more than {MAX_DIGITS} digits"
    if any(operator in text for operator in _UNEVALUATED):
        return "left unevaluated"
    if "!!" in text or (re.search(r"[)}]!", text) and not re.search(r"[a-zA-Z]", text)):
        return "a factorial of an expression"
    if any(int(number) > MAX_FACTORIAL for number in _FACTORIAL.findall(text)):
        return f"a factorial above {MAX_FACTORIAL}"
    if r"\binom" in text and re.search(r"\^|\d{5}", text):
        return "a large binomial"
    return _refuse_power(text) or _unreadable(text)


def _refuse_power(text: str) -> str | None:
    for at, sign in enumerate(text):
        if sign != "^":
            continue
        exponent, end = _group(text, at + 1)
        if text[end : end + 1] == "^" or ("^" in exponent and not re.search(r"(?<![\\a-zA-Z])[a-zA-Z]", exponent)):
            return "a tower of powers"
        if exponent.count("^") > 1:
            return "a tower of powers"
        if any(int(run) > MAX_EXPONENT for run in _DIGIT_RUN.findall(exponent)):
            return f"an exponent above {MAX_EXPONENT}"
    return None


def _group(text: str, at: int) -> tuple[str, int]:
    """The group or single token that starts at a place, and where it ends."""
    if text[at : at + 1] != "{":
        token = _TOKEN.match(text, at)
        return (token[0], token.end()) if token else ("", at)
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return text[at : end + 1], end + 1
    return text[at:], len(text)


def _unreadable(text: str) -> str | None:
    if re.search(r"\d \d", text):
        return "two numbers side by side"
    for token in _TOKEN.findall(text):
        if token[0] == "\\" and len(token) > 1:
            if token[1:] not in _MACROS:
                return f"'{token}' is compared as text only"
        elif token.isalpha():
            if len(token) > MAX_WORD:
                return f"'{token[:20]}' is a word"
        elif not token.isdigit() and token not in _PLAIN_SIGNS:
            return f"{token!r} is compared as text only"
    return None
