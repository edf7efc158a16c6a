r"""Reads the outer form of an answer: one value, a list, a set, a tuple or interval, a union, a matrix.

Lists are taken apart here, so that expressions are only ever single values: joining, flattening and
re-reading lists is where answer checkers accept wrong answers (``\boxed{41 or 42}`` for 42, ``(1,2)`` for ``[1,2]``).
"""

import re
from dataclasses import dataclass, replace

from rft.expressions.exact import evaluate
from rft.verifiers.spelling.latex import tight, top_level, words

_CASES = re.compile(
    r"(?P<name>\\?[A-Za-z]+'{0,2}(?:_\{[^{}]{1,10}\})?(?:\([A-Za-z, ]{1,10}\))?\s*=)?\s*"
    r"(?:\\begin\{d?cases\}(.*)\\end\{d?cases\}"
    r"|\\\{\s*\\begin\{array\}(?:\{[^{}]*\})?(.*)\\end\{array\}\s*\.?)",
    re.DOTALL,
)
_CONDITION_WORD = re.compile(r"\\text\s*\{\s*,?\s*(?:if|for|when|where|as)\s*\}|^(?:if|for|when|where)\b")
_BRACKETED_ARRAY = re.compile(r"^[\[(]\s*(\\begin\{(array|matrix)\}.*\\end\{\2\})\s*[\])]$", re.DOTALL)
_MATRIX = re.compile(r"\\begin\{([pbBv]?matrix|array)\}(?:\{[^{}]*\})?(.*)\\end\{\1\}", re.DOTALL)
_MEMBER_OF = re.compile(
    r"^\s*[A-Za-z](?:_\{[^{}]*\})?\s*\\in(?![a-zA-Z])\s*"
    r"(?=\\\{|\\mathbb|\\emptyset|[(\[][^()\[\]]*,)"
)
_NAMES = re.compile(r"^\s*\(\s*\\?[A-Za-z]+(?:_\{\w*\})?(?:\s*,\s*\\?[A-Za-z]+(?:_\{\w*\})?)+\s*\)\s*=\s*(?=\\?[(\[{])")
_CONJUNCTION = re.compile(
    r"\s*,?\s*(?:\\text\s*\{\s*,?\s*(and|or)\s*\}|(?<=[\s\d})])\b(and|or)\b(?=[\s\\({-])|\\(wedge|vee)(?![a-zA-Z]))\s*"
)
_SCALED = re.compile(
    r"(?P<scalar>-?[^\\=+-]{0,40}|-?\\frac\{[^{}]{1,40}\}\{[^{}]{1,40}\})\s*(?:\\cdot\s*)?(?=\\begin\{[pbB]matrix\})"
)
_JOINED = {"wedge": "and", "vee": "or"}
_GROUPED = re.compile(r"\d{3}(?!\d)")
_ONE_NUMBER = re.compile(r"-?\s*(?:\\\$|[€£¥])?\s*-?[1-9]\d{0,2}(?:,\d{3})+(?!\d)[^,;]*")
_SET_BUILDER = re.compile(
    r"\s*[A-Za-z]\s*(?:\\in\s*\\mathbb\s*\{?R\}?\s*)?(?:\||:|\\mid(?![a-zA-Z]))\s*(?=.*[<>=]|.*\\[lg]e)"
)
_PAIRS = {"(": ")]", "[": ")]", r"\{": (r"\}",), "{": ("}",)}
MAX_ITEMS = 20_000


@dataclass(frozen=True, slots=True)
class AnswerShape:
    """An answer's outer form and its parts."""

    kind: str
    """``value``, ``list``, ``set``, ``union``, ``matrix``, ``cases``, or the brackets of a tuple: ``(]``."""
    items: tuple["AnswerShape", ...] = ()
    text: str = ""
    """The canonical text of it, for a value and as a whole."""
    joined: str = ""
    """Of a list: ``and`` or ``or`` where one of them was written."""

    @property
    def ordered(self) -> bool:
        """Whether the order of the items matters."""
        return self.kind not in ("list", "set", "union", "cases") or r"\ldots" in self.text


def read_shape(canonical_text: str) -> AnswerShape:
    r"""Returns the outer form of an answer in canonical LaTeX.

    >>> read_shape("1, 2 or 3").kind, read_shape("(1,2]").kind, read_shape("(5)").kind, read_shape("1,234").kind
    ('list', '(]', 'value', 'value')
    """
    text = _NAMES.sub("", _MEMBER_OF.sub("", canonical_text)).strip()
    if text.isalnum():
        return AnswerShape("value", (), text)
    if r"\begin" in text:
        text = _BRACKETED_ARRAY.sub(r"\1", text)
        if cases := _CASES.fullmatch(text):
            return _cases(text, cases[2] or cases[3] or "")
        scaled = _SCALED.match(text)
        if matrix := _MATRIX.fullmatch(text, scaled.end() if scaled else 0):
            return _matrix(text, matrix, scaled["scalar"] if scaled else "")
    unions = _split(text, r"\cup")
    if len(unions) > 1:
        return AnswerShape("union", tuple(read_shape(part) for part in unions), text)
    if words(text) is None or "," in text or _CONJUNCTION.search(text):
        items = _listed(_CONJUNCTION.sub(" , ", text))
        if len(items) > 1:
            said = {_JOINED.get(found, found) for match in _CONJUNCTION.findall(text) for found in match if found}
            return AnswerShape("list", tuple(_plus_minus(items)), text, said.pop() if len(said) == 1 else "")
    bracketed = _bracketed(text)
    if bracketed is not None:
        return bracketed
    both = _plus_minus([text])
    return AnswerShape("list", tuple(both), text) if len(both) > 1 else AnswerShape("value", (), text)


def _bracketed(text: str) -> AnswerShape | None:
    r"""A set, tuple or interval whose brackets enclose the whole text; a single value in ( ) or \{ \} is that value."""
    opening = next((mark for mark in _PAIRS if text.startswith(mark)), None)
    if opening is None:
        return None
    closing = next((mark for mark in _PAIRS[opening] if text.endswith(mark)), None)
    if closing is None:
        return None
    inner = text[len(opening) : len(text) - len(closing)]
    if not _balanced(inner):
        return None
    if opening == r"\{" and (builder := _SET_BUILDER.match(inner)):
        inside = read_shape(inner[builder.end() :])
        return replace(inside, joined="and") if inside.kind == "list" else inside
    items = _listed(inner, bracketed=True)
    if len(items) == 1 and opening + closing in ("()", r"\{\}", "{}") and items[0]:
        return (
            AnswerShape("set", (AnswerShape("value", (), items[0]),), text)
            if "\\emptyset" in items[0]
            else read_shape(items[0])
        )
    if len(items) < 2 or not all(items):
        return None
    if opening == "(" and inner.count(r"\pm") == 1 and r"\mp" not in inner:
        both = [read_shape(text.replace(r"\pm", sign)) for sign in ("", "-")]
        return AnswerShape("list", tuple(both), text)
    kind = "set" if opening in (r"\{", "{") else opening + closing
    parts = _plus_minus(items) if kind == "set" else [read_shape(item) for item in items]
    return AnswerShape(kind, tuple(parts), text)


def _matrix(text: str, matrix: re.Match[str], scalar: str) -> AnswerShape:
    if matrix[1] == "vmatrix" or r"\begin" in matrix[2]:
        return AnswerShape("value", (), text)
    rows = [row for row in matrix[2].split(r"\\") if row.strip()]
    cells = [tuple(read_shape(_scaled(scalar, cell.strip())) for cell in row.split("&")) for row in rows]
    lines = tuple(AnswerShape("row", row, " & ".join(cell.text for cell in row)) for row in cells)
    return AnswerShape("matrix", lines, " \\\\ ".join(line.text for line in lines))


def _scaled(scalar: str, cell: str) -> str:
    """A cell times the number in front of the matrix."""
    if not scalar:
        return cell
    scalar = "-1" if scalar.strip() == "-" else scalar
    factor, number = evaluate(scalar), evaluate(cell)
    if factor is None or number is None:
        return f"({scalar})({cell})"
    product = factor * number
    return rf"\frac{{{product.numerator}}}{{{product.denominator}}}"


def _cases(text: str, rows: str) -> AnswerShape:
    """The branches of a piecewise function, each a value and its condition; a list where no condition is given."""
    branches = []
    for row in rows.split(r"\\"):
        parts = [part.strip().rstrip(",;. ") for part in row.split("&")]
        if len(parts) == 1:
            parts = [part.strip() for part in row.rsplit(",", 1)]
        if any(parts):
            conditions = [_CONDITION_WORD.sub("", part).strip() for part in parts[1:]]
            items = tuple(read_shape(part) for part in (parts[0], *conditions))
            branches.append(AnswerShape("()", items, " & ".join((parts[0], *conditions))))
    if all(len(branch.items) == 1 for branch in branches):
        return AnswerShape("list", tuple(branch.items[0] for branch in branches), text, "and")
    return AnswerShape("cases", tuple(branches), text)


def _listed(text: str, *, bracketed: bool = False) -> list[str]:
    """Splits at commas and semicolons outside brackets; a comma inside a number is none of these."""
    marks = [at for at, token in top_level(text) if token in (",", ";")]
    if len(marks) > MAX_ITEMS:
        return [text]
    spaced = any(text[at + 1 : at + 2] == " " for at in marks)
    if not spaced and not bracketed and _ONE_NUMBER.fullmatch(text.strip()):
        return [text]
    items, start = [], 0
    for at in marks:
        inside_number = text[at - 1 : at].isdigit() and _GROUPED.match(text, at + 1)
        if not (spaced and text[at] == "," and inside_number):
            items.append(text[start:at].strip())
            start = at + 1
    items.append(text[start:].strip())
    return items if all(items) else [item for item in items if item] or [text]


def _split(text: str, mark: str) -> list[str]:
    places = [at for at, token in top_level(text) if token[0] == "\\" and text.startswith(mark, at)]
    starts = [0, *(at + len(mark) for at in places)]
    return [text[start:end].strip() for start, end in zip(starts, [*places, len(text)], strict=True)]


def _plus_minus(items: list[str]) -> list[AnswerShape]:
    r"""Reads items; one with a single \pm stands for two."""
    parts = []
    for item in items:
        if item.count(r"\pm") == 1 and r"\mp" not in item:
            left, right = re.split(r"\s*\\pm\s*", item)
            plus = f"{left}+{right}" if left and left[-1] not in "=({," else f"{left}{right}"
            parts += [read_shape(plus), read_shape(f"{left}-{right}")]
        else:
            parts.append(read_shape(item) if len(items) > 1 else AnswerShape("value", (), item))
    return parts


def _balanced(inner: str) -> bool:
    depth = 0
    for token in re.findall(r"\\.|[()\[\]{}]", inner):
        depth += (token in ("(", "[", "{", r"\{")) - (token in (")", "]", "}", r"\}"))
        if depth < 0:
            return False
    return depth == 0


def names_of(canonical_text: str) -> str:
    """Returns what the parts of a tuple are called in front of it, without spaces; empty when they are not named."""
    if match := _NAMES.match(canonical_text):
        return tight(match[0]).rstrip("=")
    cases = _CASES.fullmatch(canonical_text.strip()) if r"\begin" in canonical_text else None
    return tight(cases["name"] or "").rstrip("=") if cases else ""


def flat(shape: AnswerShape) -> str:
    """The text of a shape without meaningless spaces: equal flat texts are equal answers."""
    return tight(shape.text)
