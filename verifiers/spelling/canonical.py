r"""One spelling per answer: unicode, LaTeX and plain-text variants are rewritten to one canonical LaTeX.

``STEPS`` are taken in order, and each relies on those before it; every one has examples that a test runs. They keep
meaning and only change spelling. Pure functions on text; every pattern runs in linear time or on a bounded stretch.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rft.verifiers.spelling.names import NAMED, OTHER_NAMES, SYNONYMS
from rft.verifiers.spelling.signs import with_plain_signs

_PLAIN_NUMBER = re.compile(r"-?\d[\d,./]{0,50}[a-z]?")
_LETTER_UNITS = frozenset("mgshlLNJWVAK")
_NUMBER_END = re.compile(r"(?:[\d})\]]|\\pi)\s*$")
_LONE_DOLLAR = re.compile(r"(?<!\\)\$(?=\s*-?\.?\d)")
_TRAILING = re.compile(r"\s*[.,;:]?\s*$")
_ROW_END = "\x00"
"""Stands for the end of a matrix row, which other steps would take for a space command."""
_GREEK = r"\\(?:pi|alpha|beta|gamma|delta|theta|lambda|mu|phi|omega)(?![a-zA-Z])"
_TOKEN = rf"\d|[a-zA-Z]|{_GREEK}"


@dataclass(frozen=True, slots=True)
class Step:
    """One rewriting of an answer."""

    name: str
    mark: str
    """A text without this is left as it is."""
    rewrite: Callable[[str], str]
    examples: Mapping[str, str]
    """Text -> what this step alone makes of it."""


def canonical(answer: str) -> str:
    r"""Returns the answer in canonical LaTeX, without math delimiters and a final period.

    >>> canonical(r"$\dfrac12$."), canonical("√2/2"), canonical("x² ≤ 4")
    ('\\frac{1}{2}', '\\sqrt{2}/2', 'x^{2} \\le 4')
    """
    text = answer.strip()
    if text.isascii() and text.isdigit():
        return text
    for step in STEPS:
        if step.mark in text:
            text = step.rewrite(text)
    return text


def _sub(pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    return partial(re.compile(pattern).sub, replacement)


def _replace(written: str, replacement: str) -> Callable[[str], str]:
    return lambda text: text.replace(written, replacement)


def _money(text: str) -> str:
    """A dollar sign without a partner, in front of a number, as money."""
    return _LONE_DOLLAR.sub(r"\\$", text) if text.count("$") - text.count(r"\$") == 1 else text


def _renamed(macro: re.Match[str]) -> str:
    """A command by its canonical name; a space behind it stays."""
    name = OTHER_NAMES.get(macro[1], macro[1])
    return SYNONYMS.get(name, f"\\{name}") + (" " if macro[0][-1].isspace() else "")


def _plain_letter(group: re.Match[str]) -> str:
    """What a text group stands for: a function, a letter, a number, or words and units as they are."""
    inner = group[1].strip()
    name = inner.removeprefix("\\")
    behind_number = bool(_NUMBER_END.search(group.string, max(0, group.start() - 8), group.start()))
    if name in NAMED and not (behind_number and not group.string[group.end() :].strip()):  # \text{sin} x
        return rf"\{OTHER_NAMES.get(name, name)} "
    if behind_number and (name in NAMED or name in _LETTER_UNITS):  # 5 sec, 5 m
        return rf" \text{{{name}}}"
    if not inner:  # 5\text{ }
        return " "
    if behind_number and inner == "e":
        return " e"  # 2e+3 would be two thousand
    if len(inner) == 1 or (len(inner) == 3 and inner[0] + inner[2] == "()") or _PLAIN_NUMBER.fullmatch(inner):
        return inner  # \text{C}, \text{(C)}, \text{42}
    return group[0]  # \text{apples}


def _braced(match: re.Match[str]) -> str:
    r"""\frac12 and \frac1{2} with the first argument in braces, and the second where it is bare too."""
    bottom = f"{{{match['bottom']}}}" if match["bottom"] else ""
    return f"{match['macro']}{{{match['top']}}}{bottom}"


STEPS = (
    Step("root sign", "√", _sub(r"√\s*(\d+(?:\.\d+)?)", r"\\sqrt{\1}"), {"√12": r"\sqrt{12}", "√x": "√x"}),
    Step("plain signs", "", with_plain_signs, {"x² ≤ ４": r"x^{2} \le  4", "5℃": "5°C", "２½": r"2\frac{1}{2}"}),
    Step(
        "thousands",
        "",
        _sub(r"(?<=\d)(?:\{,\}|,\s?\\!\s?|\\!,|\\[,;:])(?=\d{3}(?!\d))", ","),
        {r"1{,}234": "1,234", r"1,\!234": "1,234", r"1\,234": "1,234", r"1\,23": r"1\,23"},
    ),
    Step("plain signs again", "", with_plain_signs, {"5°C": r"5\degree C"}),  # ℃ stands for two, one of them a sign
    Step("dots", "...", _replace("...", r"\ldots "), {"1, 2, ...": r"1, 2, \ldots "}),
    Step("colon in braces", "{:}", _replace("{:}", ":"), {"2{:}3": "2:3"}),
    Step(
        "over",
        r"\over",
        _sub(r"\{([^{}]*)\\over(?![a-zA-Z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        {r"{1\over 2}": r"\frac{1}{ 2}", r"{\overline x}": r"{\overline x}"},
    ),
    Step("empty set", r"\}", _sub(r"\\\{\s*\\\}", r"\\emptyset "), {r"\{ \}": r"\emptyset ", r"\{1\}": r"\{1\}"}),
    Step("colour", "color", _sub(r"\\(?:text)?color\s*\{[^{}]*\}", ""), {r"\color{red}{5}": "{5}"}),
    Step("norm bars", r"\|", _replace(r"\|", "|"), {r"\|v\|": "|v|"}),
    Step("times ten", "10", _sub(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))", r"\\cdot "), {"3 x 10^5": r"3\cdot 10^5"}),
    Step(
        "choose",
        r"\choose",
        _sub(r"\{([^{}]*)\\choose(?![a-zA-Z])([^{}]*)\}", r"\\binom{\1}{\2}"),
        {r"{5\choose 2}": r"\binom{5}{ 2}"},
    ),
    Step(
        "row ends",
        r"\\",
        _sub(r"\\\\(?:\[[^\]]*\])?", _ROW_END),
        {r"1\\2": f"1{_ROW_END}2", r"1\\[2pt]2": f"1{_ROW_END}2"},
    ),
    Step("money", "$", _money, {"$5": r"\$5", "$5$": "$5$", "x$": "x$"}),
    Step(  # an escaped dollar beside a number is money
        "delimiters",
        "",
        _sub(r"\\\$(?!\s*(?:-?\.?\d|\\[dtc]?frac))(?<!\d\\\$)|\\[()\[\]]|(?<!\\)\$", " "),
        {"$x$": " x ", r"\(x\)": " x ", r"\$5": r"\$5", r"5\$": r"5\$", r"x\$": "x "},
    ),
    Step(
        "degree",
        "^",
        _sub(r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)\b)", r"\\degree "),
        {r"30^\circ": r"30\degree ", r"30^{\circ}": r"30\degree "},
    ),
    Step("edges", "", lambda text: text.strip().strip("*`"), {" **5** ": "5", "`x`": "x"}),
    Step("power signs", "**", _replace("**", "^"), {"2**3": "2^3"}),
    Step(
        "bare functions",
        "",
        _sub(rf"(?<![\\a-zA-Z])(sqrt|pi|infinity|infty|{'|'.join(sorted(NAMED))})(?![a-zA-Z])", r"\\\1 "),
        {"sqrt(2)": r"\sqrt (2)", "2pi": r"2\pi ", "sin x": r"\sin  x", "single": "single"},
    ),
    Step("infinity", r"\infinity", _replace(r"\infinity", r"\infty"), {r"\infinity ": r"\infty "}),
    Step("percent", r"\%", _replace(r"\%", "%"), {r"10\%": "10%"}),
    Step("equals", "==", _replace("==", "="), {"x == 2": "x = 2"}),
    Step("at most", "<=", _replace("<=", r"\le "), {"x <= 2": r"x \le  2"}),
    Step("at least", ">=", _replace(">=", r"\ge "), {"x >= 2": r"x \ge  2"}),
    Step("unequal", "!=", _replace("!=", r"\ne "), {"x != 2": r"x \ne  2"}),
    Step(
        "commands",
        "\\",
        _sub(r"\\([a-zA-Z]+)[^\S\n]?", _renamed),
        {r"\dfrac 1": r"\frac 1", r"\left(": "(", r"\leq": r"\le", r"\mathrm{cm}": r"\text{cm}", r"\tg x": r"\tan x"},
    ),
    Step("spaces", "", _sub(r"\\[,;:! ]|~|\\$|\s+", " "), {r"1\,2": "1 2", "a~b": "a b", "a \n b": "a b", "5\\": "5 "}),
    Step(
        "text",
        r"\text",
        _sub(r"\\text\s*\{([^{}]*)\}", _plain_letter),
        {
            r"\text{C}": "C",
            r"\text{(C)}": "(C)",
            r"\text{42}": "42",
            r"\text{sin}x": r"\sin x",
            r"5\text{ m}": r"5 \text{m}",
            r"5\text{sec}": r"5 \text{sec}",
            r"2\text{e}+3": "2 e+3",
            r"5\text{ }": "5 ",
            r"\text{apples}": r"\text{apples}",
        },
    ),
    Step(
        "first argument",
        "\\",
        _sub(rf"(?P<macro>\\(?:frac|binom))\s*(?P<top>{_TOKEN})\s*(?:(?P<bottom>{_TOKEN})|(?=\{{))", _braced),
        {r"\frac12": r"\frac{1}{2}", r"\frac \pi 2": r"\frac{\pi}{2}", r"\frac1{2}": r"\frac{1}{2}"},
    ),
    Step(
        "second argument",
        "\\",
        _sub(rf"(\\(?:frac|binom)\s*\{{[^{{}}]*\}})\s*([0-9a-zA-Z]|{_GREEK})", r"\1{\2}"),
        {r"\frac{1}2": r"\frac{1}{2}", r"\binom{n} k": r"\binom{n}{k}"},
    ),
    Step(
        "roots",
        r"\sqrt",
        _sub(
            r"\\sqrt\s*(\[[^\]]*\])?\s*(?:(\d|[a-zA-Z])|\(([^()]*)\))",
            lambda match: rf"\sqrt{match[1] or ''}{{{match[2] or match[3]}}}",
        ),
        {r"\sqrt2": r"\sqrt{2}", r"\sqrt (x+1)": r"\sqrt{x+1}", r"\sqrt[3]2": r"\sqrt[3]{2}"},
    ),
    Step(
        "powers and subscripts",
        "",
        _sub(r"([\^_])\s*(?:(-?\d+|[a-zA-Z])|\(([^()]*)\))", lambda match: f"{match[1]}{{{match[2] or match[3]}}}"),
        {"x^10": "x^{10}", "x^-1": "x^{-1}", "x^(n+1)": "x^{n+1}", "a_n": "a_{n}"},
    ),
    Step(
        "powers of units",
        r"\text",
        _sub(r"\\text\s*\{([^{}^]*)\^\{([23])\}\s*\}", r"\\text{\1}^{\2}"),
        {r"5\text{ cm^{2}}": r"5\text{ cm}^{2}"},
    ),
    Step("row ends again", _ROW_END, _replace(_ROW_END, r"\\"), {f"1{_ROW_END}2": r"1\\2"}),
    Step("single spaces", "  ", _sub(" +", " "), {"a   b": "a b"}),
    Step("end", "", lambda text: _TRAILING.sub("", text).strip(), {"5.": "5", " 5 ; ": "5", "x = 2,": "x = 2"}),
)
