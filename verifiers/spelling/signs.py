r"""Unicode to plain signs: ``x² ≤ ４`` is ``x^{2} \le 4``."""

import re
import unicodedata

_SIGNS = {
    "−": "-", "–": "-", "—": "-", "×": r"\cdot ", "·": r"\cdot ", "⋅": r"\cdot ", "∗": r"\cdot ", "÷": "/",
    "∕": "/", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "±": r"\pm ", "∓": r"\mp ",
    "≈": r"\approx ", "°": r"\degree ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ", "√": r"\sqrt ",
    "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "…": r"\ldots ",
    "，": ",", "。": ".", "⁄": "/", "′": "'", "‐": "-", "‑": "-", "\u200b": "", "\ufeff": "",
}  # fmt: skip
"""Sign -> LaTeX."""


def with_plain_signs(text: str) -> str:
    r"""Returns a text without the signs of mathematics that are not ASCII; letters of any language stay.

    >>> with_plain_signs("x² ≤ ４"), with_plain_signs("½·a₁"), with_plain_signs("①"), with_plain_signs("50℃")
    ('x^{2} \\le  4', '\\frac{1}{2}\\cdot a_{1}', '①', '50°C')
    """
    if text.isascii():
        return text
    text = _RAISED.sub(lambda m: "^{" + unicodedata.normalize("NFKC", m[0]).replace("−", "-") + "}", text)
    text = _LOWERED.sub(lambda m: "_{" + unicodedata.normalize("NFKC", m[0]).replace("−", "-") + "}", text)
    return "".join(map(_plain_sign, text))


def _plain_sign(sign: str) -> str:
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
