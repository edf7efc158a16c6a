r"""Which words after a number are a unit or a plain noun: ``72 clips`` answers 72, and ``2 thirds`` never answers 2.

A unit is one of three things: words of the table of measures (``square feet``, ``miles per hour``); one or two words
of which the last is a plural noun (``children tickets``), in the singular for at most one of them; or either of these
per something. No word of a plain noun may change the number: the deny set holds number words, fractions, scales,
multipliers, operations, signs, ranges, comparisons, negations and verbs. What is in doubt is no unit.
"""

import re
from fractions import Fraction

from rft.verifiers.spelling.languages import FOREIGN, FOREIGN_NUMBERS
from rft.verifiers.spelling.names import NAMED

_SAME_NAME = """
    cm mm km m kg mg g ft in yd mi lb oz l ml h min s am pm acre hectare cent penny euro yen rupee peso day
    week month year yr decade century cup teaspoon tablespoon pint quart gallon barrel bushel ton tonne carat
    newton joule watt kilowatt volt ampere amp ohm hertz pascal calorie kilocalorie knot radian rad celsius
    fahrenheit kelvin mole byte kilobyte megabyte gigabyte people person children men women mice geese oxen
    fish sheep deer unit
"""
MEASURES = {
    "centimeter": "cm", "centimetre": "cm", "millimeter": "mm", "millimetre": "mm", "kilometer": "km",
    "kilometre": "km", "meter": "m", "metre": "m", "inch": "in", "inche": "in", "foot": "ft", "feet": "ft",
    "yard": "yd", "mile": "mi", "kilogram": "kg", "gram": "g", "pound": "lb", "lbs": "lb", "ounce": "oz", "liter": "l",
    "litre": "l", "milliliter": "ml", "millilitre": "ml", "hour": "h", "hr": "h", "minute": "min", "second": "s",
    "sec": "s", "degree": "°", "deg": "°", "dollar": "$", "usd": "$", "buck": "$", "mph": "mi per h",
    **{name: name for name in _SAME_NAME.split()},
    **{word: unit for unit, words in FOREIGN.items() for word in words.split()},
}  # fmt: skip
"""Singular, lower-case -> canonical unit. Everything here may follow a number in the singular too."""
_SIZES = {
    "length": {"mm": "0.001", "cm": "0.01", "m": "1", "km": "1000", "in": "0.0254", "ft": "0.3048", "yd": "0.9144",
               "mi": "1609.344"},
    "mass": {"mg": "0.001", "g": "1", "kg": "1000", "tonne": "1000000", "lb": "453.59237", "oz": "28.349523125"},
    "time": {"s": "1", "min": "60", "h": "3600", "day": "86400", "week": "604800"},
    "months": {"month": "1", "year": "12", "decade": "120", "century": "1200"},
    "money": {"cent": "0.01", "$": "1"},
    "volume": {"ml": "0.001", "l": "1"},
    "US volume": {"teaspoon": "1", "tablespoon": "3", "cup": "48", "pint": "96", "quart": "192", "gallon": "768"},
}  # fmt: skip
_SIZE_OF = {unit: (what, Fraction(size)) for what, sizes in _SIZES.items() for unit, size in sizes.items()}
_EXPONENTS = {"square": 2, "cubic": 3}
SHORT = frozenset(
    {"cm", "mm", "km", "kg", "mg", "ft", "in", "yd", "mi", "lb", "oz", "ml", "hr", "am", "pm", "sq", "cu"}
)
"""What is shorter than three letters and still no product when it stands bare: 5 cm, but not 5 ab."""
_POWERS = {"square": "square", "sq": "square", "cubic": "cubic", "cu": "cubic"}
_NUMBERS = """
    zero one two three four five six seven eight nine ten eleven twelve
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
    thirty forty fifty sixty seventy eighty ninety twenty
    thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    nil naught oh hundred thousand grand dozen score gross myriad googol lakh crore mil mille mill mio mln mn
    bn mrd half halve halves third quarter fraction percent percentage percentile permille basis bps single
    double triple treble quadruple quintuple once twice thrice couple fold ratio
"""
"""Numbers, fractions, scales, multipliers."""
_OPERATIONS = """
    time plus minus add subtract divide divided multiply product sum difference quotient remainder mod modulo
    modulus root sqrt cube power exponent factorial log base reciprocal inverse opposite complement conjugate
    pi e i negative positive sign loss lost debt debit deficit shortage shortfall owed owing drop fall decline
    decrease reduction increase gain discount
"""
"""Operations, signs, losses."""
_COMPARISONS = """
    to through thru till until up upto onward down from between within range and or nor but versus vs by above
    below over under beyond beneath after before behind ahead past less fewer lesser more most least greater
    than at about around approx approximately roughly nearly almost circa max maximum minimum
"""
"""Ranges and comparisons."""
_TALK = """
    no not non none never neither without except excluding isn is are was were be been has have does do equal
    mean become give make leave remain differ exceed vary go get include need if unless else other then so
    because of for with on off as what which who where when why how maybe perhaps probably always wrong right
    correct incorrect false true guess oops
    repeat repeating short pair kilo mega giga pct ppm
    ppb permil invalid unknown undefined infinity infinite inf nan per
"""
"""Negations, verbs and talk."""
_DENIED = NAMED | set(f"{_NUMBERS}{_OPERATIONS}{_COMPARISONS}{_TALK}{FOREIGN_NUMBERS}".split())
_ALTERED = re.compile(r".*illi(?:on|ard)s?|.*fold|.{3,}(?:eds?|ing)|.*(?<!mon)(?<!pa)(?<!leng)(?<!ba)ths?")
"""quintillion, tenfold, doubled, rounding, twenty-fifths; a month, a path, a length and a bath are none of these."""
_NOUN = re.compile(r"[a-z].*[aeiou]")
"""A word with a vowel behind its first letter; abc and bh are products."""
_PLURAL = re.compile(r"[a-z]{3,}(?<![sui])s")
"""Not loss, minus, radius, axis."""
_FILLERS = (["in", "total"], ["altogether"], ["each"])
MAX_WORDS = 8


def read_unit(parts: list[str], *, one: bool) -> str | None:
    """Returns the canonical unit that lower-case words name, "" for none or "units", None when they are no unit.

    Args:
        parts: the words between a number and the end of an answer.
        one: whether the number is at most one, which takes a noun in the singular.
    """
    if len(parts) > MAX_WORDS:
        return None
    for filler in _FILLERS:
        parts = parts[: -len(filler)] if parts[-len(filler) :] == filler else parts
    sections = [section.split() for section in f" {' '.join(parts)} ".split(" per ")]
    names = [_counted(section, one=one or place > 0) for place, section in enumerate(sections)]
    if any(name is None for name in names) or not all(sections[1:]):
        return None
    return " per ".join(name or "" for name in names).strip()


def converted(unit: str, wanted: str) -> Fraction | None:
    """Returns how many of one canonical unit the other is, or None when they do not measure the same.

    >>> converted("km per h", "m per min")
    Fraction(50, 3)
    """
    sides = [_measure(unit), _measure(wanted)]
    if sides[0] is None or sides[1] is None or sides[0][0] != sides[1][0]:
        return None
    return sides[0][1] / sides[1][1]


def _measure(unit: str) -> tuple[tuple[str, ...], Fraction] | None:
    """What a unit measures, and its size in the basic unit of that."""
    kinds, size = [], Fraction(1)
    for place, section in enumerate(unit.split(" per ")):
        *powers, name = section.split()
        if name not in _SIZE_OF or any(power not in _EXPONENTS for power in powers):
            return None
        what, factor = _SIZE_OF[name]
        exponent = _EXPONENTS[powers[0]] if powers else 1
        kinds.append(f"{what}^{exponent}")
        size *= factor ** (-exponent if place else exponent)
    return tuple(kinds), size


def _counted(section: list[str], *, one: bool) -> str | None:
    """The unit that words without "per" name."""
    if not section:
        return ""
    *powers, last = section
    if len(powers) < 2 and last not in _POWERS and all(word in _POWERS for word in powers):
        measure = MEASURES.get(last) or MEASURES.get(_singular(last))
        if measure:
            return " ".join([*(_POWERS[word] for word in powers), *([measure] if measure != "unit" else [])])
    if len(section) > 2 or any(map(_is_denied, section)):
        return None
    if not ((one and _NOUN.search(last)) or last in MEASURES or _singular(last) in MEASURES or _PLURAL.fullmatch(last)):
        return None
    return " ".join(map(_singular, section))


def _is_denied(word: str) -> bool:
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}
    return bool(forms & _DENIED) or bool(_ALTERED.fullmatch(word))


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > 2 else word
