r"""One spelling per answer: unicode, LaTeX and plain-text variants are rewritten to one canonical LaTeX.

``canonical`` keeps meaning and only changes spelling; ``tight`` drops the spaces that carry none, so that two answers
with equal ``tight`` text are the same answer. Pure functions on text; every pattern runs in linear time or on a bounded
stretch.
"""

import re
import unicodedata

from rft.expressions.syntax import FUNCTIONS, MAX_WORD

_SIGNS = {
    "−": "-", "–": "-", "—": "-", "×": r"\cdot ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": r"\cdot ", "÷": "/",
    "∕": "/", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "±": r"\pm ", "∓": r"\mp ",
    "≈": r"\approx ", "°": r"\degree ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "√": r"\sqrt ",
    "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "…": r"\ldots ",
    "，": ",", "。": ".", "⁄": "/", "′": "'", "‐": "-", "‑": "-", "\u200b": "", "\ufeff": "",
}  # fmt: skip
_SYNONYMS = {
    "dfrac": r"\frac", "tfrac": r"\frac", "cfrac": r"\frac", "leq": r"\le", "leqslant": r"\le", "geq": r"\ge",
    "geqslant": r"\ge", "neq": r"\ne", "times": r"\cdot", "ast": r"\cdot", "div": "/", "lbrace": r"\{",
    "rbrace": r"\}", "colon": ":", "dots": r"\ldots", "cdots": r"\ldots", "lt": "<", "gt": ">", "land": r"\wedge",
    "lor": r"\vee", "prime": "'", "mid": "|", "backslash": r"\setminus", "smallsetminus": r"\setminus",
    "varnothing": r"\emptyset", "lvert": "|", "rvert": "|", "vert": "|", "lparen": "(", "rparen": ")",
    "langle": "(", "rangle": ")", "lbrack": "[", "rbrack": "]", "dbinom": r"\binom", "tbinom": r"\binom",
    "Re": r"\text{Re}", "R": r"\mathbb{R}", "reals": r"\mathbb{R}",
    **dict.fromkeys(["textit", "textbf", "textrm", "mathrm", "mathbf", "mathit", "mbox", "hbox"], r"\text"),
    **dict.fromkeys(["operatorname", "boldsymbol"], r"\text"),
    **dict.fromkeys(["boxed", "fbox", "left", "right", "displaystyle", "textstyle", "limits"], ""),
    **dict.fromkeys(["big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr"], ""),
    **dict.fromkeys(["quad", "qquad", "thinspace", "enspace", "space"], " "),
}  # fmt: skip
_OTHER_NAMES = {
    "tg": "tan", "ctg": "cot", "cotg": "cot", "cosec": "csc", "sh": "sinh", "ch": "cosh", "th": "tanh", "sign": "sgn",
    **{f"{prefix}{name}": f"arc{full}" for prefix in ("arc", "ar", "a")
       for name, full in {"tg": "tan", "ctg": "cot", "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh",
                          "cosh": "cosh", "tanh": "tanh", "cot": "cot", "sec": "sec", "csc": "csc"}.items()},
}  # fmt: skip
"""Other spellings of functions."""
NAMED = FUNCTIONS | _OTHER_NAMES.keys() | {"gcd", "lcm", "max", "min", "lim", "det", "mod"}
"""Names of functions that may stand without a backslash."""
_MACRO = re.compile(r"\\([a-zA-Z]+)[^\S\n]?")
_SPACING = re.compile(r"\\[,;:! ]|~|\\$|\s+")
_MATH_MARKS = re.compile(r"\\\$(?!\s*(?:-?\.?\d|\\[dtc]?frac))(?<!\d\\\$)|\\[()\[\]]|(?<!\\)\$")
"""Delimiters; an escaped dollar beside a number is money."""
_LONE_DOLLAR = re.compile(r"(?<!\\)\$(?=\s*-?\.?\d)")
_LINE_END = re.compile(r"\\\\(?:\[[^\]]*\])?")
_THOUSANDS = re.compile(r"(?<=\d)(?:\{,\}|,\s?\\!\s?|\\!,|\\[,;:]|[\u2009\u202f])(?=\d{3}(?!\d))")
_DEGREE = re.compile(r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)\b)")
_PLAIN_NUMBER = re.compile(r"-?\d[\d,./]{0,50}[a-z]?")
_LETTER_UNITS = frozenset("mgshlLNJWVAK")
_NUMBER_END = re.compile(r"(?:[\d})\]]|\\pi)\s*$")
_TEXT_GROUP = re.compile(r"\\text\s*\{([^{}]*)\}")
_GREEK = r"\\(?:pi|alpha|beta|gamma|delta|theta|lambda|mu|phi|omega)(?![a-zA-Z])"
_ARGUMENTS = re.compile(
    rf"(?P<macro>\\(?:frac|binom))\s*(?P<top>\d|[a-zA-Z]|{_GREEK})\s*(?:(?P<bottom>\d|[a-zA-Z]|{_GREEK})|(?=\{{))"
)
_SECOND = re.compile(rf"(\\(?:frac|binom)\s*\{{[^{{}}]*\}})\s*([0-9a-zA-Z]|{_GREEK})")
_ROOT = re.compile(r"\\sqrt\s*(\[[^\]]*\])?\s*(?:(\d|[a-zA-Z])|\(([^()]*)\))")
_ROOT_SIGN = re.compile(r"√\s*(\d+(?:\.\d+)?)")
_SCRIPT = re.compile(r"([\^_])\s*(?:(-?\d+|[a-zA-Z])|\(([^()]*)\))")
_PLAIN_FUNCTION = re.compile(rf"(?<![\\a-zA-Z])(sqrt|pi|infinity|infty|{'|'.join(sorted(NAMED))})(?![a-zA-Z])")
_TIMES_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))")
_CHOOSE = re.compile(r"\{([^{}]*)\\choose(?![a-zA-Z])([^{}]*)\}")
_TRAILING = re.compile(r"\s*[.,;:]?\s*$")
_INNER_POWER = re.compile(r"\\text\s*\{([^{}^]*)\^\{([23])\}\s*\}")
_EMPTY_SET = re.compile(r"\\\{\s*\\\}")
_COLOR = re.compile(r"\\(?:text)?color\s*\{[^{}]*\}")
_OVER = re.compile(r"\{([^{}]*)\\over(?![a-zA-Z])([^{}]*)\}")
_SPLIT_NUMBER = re.compile(r"\d \.\d|\d\. \d")
_NEEDLESS_SPACE = re.compile(r"(?<![a-zA-Z0-9]) | (?![a-zA-Z0-9])|(?<=[0-9]) (?=[a-zA-Z])|(?<=[a-zA-Z]) (?=[0-9])")
_NO_WORDS = re.compile(r"[^\w\s.,;:?!()\"'’&-]|[\d_]|(?<![^\W\d_])-|-(?![^\W\d_])|[^\W\d_]\(|^\s*[a-zA-Z]{1,5}!")
"""What makes a text mathematics: a sign, a digit, a hyphen that joins no words, a bracket or factorial at a letter."""
_SHORT_WORDS = frozenset({"no", "ja", "да"})


def canonical(answer: str) -> str:
    r"""Returns the answer in canonical LaTeX, without math delimiters and a final period.

    >>> canonical(r"$\dfrac12$."), canonical("√2/2"), canonical("x² ≤ 4")
    ('\\frac{1}{2}', '\\sqrt{2}/2', 'x^{2} \\le 4')
    """
    text = answer.strip()
    if text.isascii() and text.isdigit():
        return text
    text = _ascii(_ROOT_SIGN.sub(r"\\sqrt{\1}", text))
    text = _ascii(_THOUSANDS.sub(",", text)).replace("...", r"\ldots ")
    text = _EMPTY_SET.sub(r"\\emptyset ", _OVER.sub(r"\\frac{\1}{\2}", text.replace("{:}", ":")))
    text = _COLOR.sub("", text).replace(r"\|", "|")
    text = _CHOOSE.sub(r"\\binom{\1}{\2}", _TIMES_TEN.sub(r"\\cdot ", text))
    text = _LINE_END.sub("\x00", text)  # protects matrix rows from what follows
    if text.count("$") - text.count(r"\$") == 1:
        text = _LONE_DOLLAR.sub(r"\\$", text)
    text = _MATH_MARKS.sub(" ", text)
    text = _DEGREE.sub(r"\\degree ", text)
    text = _PLAIN_FUNCTION.sub(r"\\\1 ", text.strip().strip("*`").replace("**", "^"))
    text = text.replace(r"\infinity", r"\infty").replace(r"\%", "%").replace("==", "=")
    text = text.replace("<=", r"\le ").replace(">=", r"\ge ").replace("!=", r"\ne ")
    text = _MACRO.sub(_renamed, text)
    text = _TEXT_GROUP.sub(_plain_letter, _SPACING.sub(" ", text))
    text = _ARGUMENTS.sub(_braced, text)
    text = _SECOND.sub(r"\1{\2}", text)
    text = _ROOT.sub(lambda m: rf"\sqrt{m[1] or ''}{{{m[2] or m[3]}}}", text)
    text = _SCRIPT.sub(lambda m: f"{m[1]}{{{m[2] or m[3]}}}", text)
    text = _INNER_POWER.sub(r"\\text{\1}^{\2}", text)
    text = text.replace("\x00", r"\\")
    return _TRAILING.sub("", re.sub(" +", " ", text)).strip()


def tight(canonical_text: str) -> str:
    r"""Returns canonical text without the spaces that carry no meaning (the one in ``1 2`` stays).

    >>> tight("x ^{2} + 1"), tight("1 2")
    ('x^{2}+1', '1 2')
    """
    text = re.sub(r"(\\[a-zA-Z]+) (?=[^a-zA-Z])", r"\1", canonical_text)
    if _SPLIT_NUMBER.search(text):
        return text
    return _NEEDLESS_SPACE.sub("", text)


def words(canonical_text: str) -> str | None:
    r"""Returns an answer in words, lower-case and without its ``\text`` wrapping; None when it is not made of words.

    >>> words(r"\text{Evelyn}"), words("Tuesday."), words("abc + 1"), words("-abc")
    ('evelyn', 'tuesday', None, None)
    """
    bare = _TEXT_GROUP.sub(" ", canonical_text)
    if _NO_WORDS.search(bare):
        return None
    text = _TEXT_GROUP.sub(r" \1 ", canonical_text)
    text = " ".join(re.sub(r"[.,;:'\"!?&()-]", " ", text).split())
    if not text or not all(part.isalpha() for part in text.split()):
        return None
    if bare == canonical_text and max(map(len, text.split())) < 3 and text.casefold() not in _SHORT_WORDS:
        return None
    return text.casefold()


def may_be_product(canonical_text: str) -> bool:
    """Returns whether a word may as well be a product of letters: ``abc``, ``lwh``."""
    return canonical_text.isascii() and canonical_text.isalpha() and len(canonical_text) <= MAX_WORD


def top_level(text: str) -> list[tuple[int, str]]:
    r"""Returns (position, character) of what stands outside every bracket and group; ``\{`` counts as a bracket."""
    found, depth, at = [], 0, 0
    while at < len(text):
        step = 2 if text[at] == "\\" and at + 1 < len(text) else 1
        token = text[at : at + step]
        if token in ("(", "[", "{", r"\{"):
            depth += 1
        elif token in (")", "]", "}", r"\}"):
            depth -= 1
        elif depth == 0:
            found.append((at, token))
        at += step
    return found


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    text = _RAISED.sub(lambda m: "^{" + unicodedata.normalize("NFKC", m[0]).replace("−", "-") + "}", text)
    text = _LOWERED.sub(lambda m: "_{" + unicodedata.normalize("NFKC", m[0]).replace("−", "-") + "}", text)
    return "".join(map(_ascii_sign, text))


def _ascii_sign(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    if (digit := unicodedata.decimal(sign, None)) is not None:
        return str(digit)
    if unicodedata.decomposition(sign).startswith(("<circle>", "<square>", "<super>", "<sub>")):
        return sign  # a digit in a circle is a mark, not a number
    plain = unicodedata.normalize("NFKC", sign)
    if "⁄" in plain:  # a vulgar fraction: its plain form after a digit would read 2½ as 21/2
        top, bottom = plain.split("⁄")
        return rf"\frac{{{top}}}{{{bottom}}}"
    return plain


def _signs_of(kind: str) -> re.Pattern[str]:
    """Runs of the superscripts or subscripts of Unicode."""
    signs = (
        chr(code)
        for block in ((0x00AA, 0x00BB), (0x02B0, 0x0300), (0x1D00, 0x1DC0), (0x2070, 0x20A0))
        for code in range(*block)
    )
    return re.compile("[" + "".join(sign for sign in signs if unicodedata.decomposition(sign).startswith(kind)) + "]+")


_RAISED, _LOWERED = _signs_of("<super>"), _signs_of("<sub>")


def _renamed(macro: re.Match[str]) -> str:
    name = _OTHER_NAMES.get(macro[1], macro[1])
    return _SYNONYMS.get(name, f"\\{name}") + (" " if macro[0][-1].isspace() else "")


def _plain_letter(group: re.Match[str]) -> str:
    """What a text group stands for: a function, a letter, a number, or words and units as they are."""
    inner = group[1].strip()
    name = inner.removeprefix("\\")
    behind_number = bool(_NUMBER_END.search(group.string, max(0, group.start() - 8), group.start()))
    if name in NAMED and not (behind_number and not group.string[group.end() :].strip()):
        return rf"\{_OTHER_NAMES.get(name, name)} "
    if behind_number and (name in NAMED or name in _LETTER_UNITS):  # 5 sec, 5 m
        return rf" \text{{{name}}}"
    if not inner:
        return " "
    if behind_number and inner == "e":
        return " e"  # 2e+3 would be two thousand
    if len(inner) == 1 or (len(inner) == 3 and inner[0] + inner[2] == "()") or _PLAIN_NUMBER.fullmatch(inner):
        return inner
    return group[0]


def _braced(match: re.Match[str]) -> str:
    bottom = f"{{{match['bottom']}}}" if match["bottom"] else ""
    return f"{match['macro']}{{{match['top']}}}{bottom}"
