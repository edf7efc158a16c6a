"""The golden table of the math verifier: reference, completion, expected outcome, where the case comes from.

A false positive poisons a training set, so the table holds more wrong answers than right ones that look alike.
"""

import time
from collections.abc import Iterator

import pytest

from rft.types import JSON, Outcome, Problem, Reason
from rft.verifiers.math.verifier import MathVerifier

C, X, U = Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNJUDGED

NUMBERS: list[tuple[JSON, str, Outcome, str]] = [
    ("42", "42", C, "equal text"),
    ("42", "43", X, "wrong"),
    ("42", "42.0", C, "decimal"),
    ("42", "42.", C, "final period"),
    ("42", "-42", X, "sign"),
    ("-5", "−5", C, "U+2212"),
    ("-34", "47 - 81", X, "the question repeated, seen in real samples"),
    ("370", "220 + 90 + 60", X, "a calculation left undone; labelled wrong in ZeroEval"),
    ("12", r"3 \times 4", X, "a calculation left undone"),
    ("12", r"24 \div 2", C, "a quotient is a fraction"),
    ("300000", r"3 \times 10^5", C, "scientific notation is a number"),
    ("0.125", "2^{-3}", C, "a power is a number"),
    (r"1 + \sqrt{2}", r"\sqrt{2} + 1", C, "not a number that could be worked out"),
    (r"2 + \frac{1}{3}", r"\frac{7}{3}", C, "the reference itself is not worked out"),
    (42, "42", C, "reference as JSON number"),
    (0.5, r"\frac12", C, "reference as JSON number"),
    (True, "1", U, "a bool is no reference"),
    ("1/2", r"\frac{1}{2}", C, "MATH style"),
    (r"\frac{1}{2}", "0.5", C, "MATH style"),
    (r"\frac{1}{2}", r"\dfrac{2}{4}", C, "not reduced"),
    (r"\frac{1}{2}", "½", C, "unicode"),
    ("2.5", "2½", C, "NFKC would read 21/2"),
    ("21/2", "2½", X, "NFKC would read 21/2"),
    ("1/3", "0.333333", X, "numbers are compared exactly"),
    ("1/3", "0.33", X, "numbers are compared exactly"),
    ("1000", "1,000", C, "thousands"),
    ("10{,}000", "10000", C, "MATH gold; a common grader refuses it"),
    ("1234", "(1,234)", X, "a pair, not a number"),
    ("3000", "3,000 feet", C, "GSM8K reply"),
    ("1234", "1,2,3,4", X, "list"),
    ("12", "1 2", X, "a space between digits means something"),
    (r"10^{-20}", r"2\cdot 10^{-20}", X, "tiny numbers; Math-Verify issue 14"),
    (r"2^{-99}", r"2^{-98}", X, "tiny numbers; Math-Verify issue 14"),
    (r"\frac{1}{2004!}", r"\frac{1}{2006!}", X, "tiny numbers; Math-Verify issue 14"),
    (r"\frac{\pi}{10^{9}}", "0", X, "tiny numbers"),
    ("1024", "2^{10}", C, "closed arithmetic"),
    ("1024", "2^10", C, "closed arithmetic"),
    ("1500", r"1.5 \times 10^3", C, "scientific"),
    (r"\frac{40}{9}", r"4\frac{4}{9}", C, "mixed number"),
    ("4", r"4\frac{4}{9}", X, "first part of a mixed number"),
    (r"\frac{16}{9}", r"4\frac{4}{9}", X, "a mixed number is no product"),
    ("42", "４２", C, "full-width digits"),
    ("42", "٤٢", C, "Arabic digits"),
    ("3", "3rd", X, "ordinal; Math-Verify takes rd for a unit"),
    ("3", "3m", X, "a product; Math-Verify takes m for a unit"),
    ("0", r"\frac{0}{0}", X, "no value"),
    ("0", "1/0", X, "no value"),
    ("1e400", "inf", X, "no value"),
]
CHANGING = (
    "thirds", "tenths", "hundredths", "thousandths", "halves", "quarters", "half", "squared", "cubed", "lakh", "crore",
    "quadrillion", "mil", "mio", "score", "gross", "six", "point two", "negative", "negatives", "doubled", "below zero",
    "through nine", "basis points", "per cent", "root", "roots", "fives", "sixties", "twenty-fifths", "losses", "times",
    "per thousand", "percentage points", "hundred thousandths", "fold", "tenfold", "minus", "or so", "times as many",
)  # fmt: skip
PLAIN = ("apples", "children tickets", "people", "yrs", "sq. ft.", "pages per day", "clips in total", "cm each")
UNITS: list[tuple[JSON, str, Outcome, str]] = [
    ("18", "18 dollars", C, "GSM8K reply"),
    ("18", r"\$18", C, "GSM8K reply"),
    ("18", "$18$", C, "delimiters"),
    ("18", r"18\text{ cm}", C, "unit"),
    (r"18\text{ cm}", "18", C, "unit in the reference"),
    (r"18\text{ cm}", r"18 \mathrm{cm}", C, "unit"),
    (r"18\text{ cm}", r"18\text{ m}", X, "another unit"),
    (r"18\text{ cm}", r"18\text{ cm}^2", X, "another unit"),
    ("5 dollars", "5 cents", X, "another unit"),
    ("10", r"10\%", X, "percent is typed"),
    (r"10\%", "10", X, "percent is typed"),
    (r"10\%", "0.1", C, "percent is typed"),
    (r"10\%", r"10\%", C, "percent"),
    (r"10\%", "10 percent", C, "percent"),
    ("5", r"5\text{ million}", X, "scale word"),
    ("5000000", "5 million", C, "scale word"),
    ("24", "2 dozen", C, "scale word"),
    ("30", r"30^\circ", C, "degrees"),
    (r"30^{\circ}", r"30 \text{ degrees}", C, "degrees"),
    ("5", "5 or more", X, "no unit"),
    ("5", "5 remainder 1", X, "no unit"),
    ("5", "5x", X, "a product"),
    ("5", "5 pi", X, "a product"),
    ("5", "5!", X, "factorial"),
    ("5", "5mil", X, "scale word"),
    ("1", "1 apple", C, "a noun"),
    (r"\$5,000", "5000", C, "thousands of a currency"),
    ("5000", "$5,000", C, "thousands of a currency"),
    (r"\$5, \$10", "10, 5", C, "list of money"),
    ("50", r"\$50 loss", X, "changes the number"),
    (r"\$5", "5 cents", X, "currency is a unit"),
    (r"\$5", "5¢", X, "currency is a unit"),
    (r"\$5", "€5", X, "currency is a unit"),
    (r"\$5", "5 dollars", C, "currency is a unit"),
    (r"\$5", "5", C, "bare number"),
    ("5", "€5", C, "bare number"),
    (r"\$5 per hour", "5 dollars per hour", C, "rate"),
    (r"\$5 per hour", r"\$5 per day", X, "another rate"),
    (r"\$5,\!000", r"\$5 thousand", C, "scale word"),
    *[("2" if word == "thirds" else "5", f"{2 if word == 'thirds' else 5} {word}", X, "not 5") for word in CHANGING],
    *[("5", f"5 {word}", C, "a plain noun") for word in PLAIN],
]
SYMBOLIC: list[tuple[JSON, str, Outcome, str]] = [
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}", C, "radicals"),
    (r"\sqrt{2}/2", "√2/2", C, "unicode root"),
    (r"\sqrt{2}", "sqrt(2)", C, "plain text"),
    (r"4\sqrt{2}", "4", X, "first factor only"),
    ("4", r"4\sqrt(2)", X, "malformed root; Math-Verify false positive"),
    (r"3+\sqrt{2}", "3", X, "first term only"),
    (r"2\pi", r"\pi \cdot 2", C, "order of factors"),
    (r"2\pi", "6.283185", C, "six decimals of an irrational"),
    (r"2\pi", "6.28", X, "too coarse"),
    ("x+1", "1+x", C, "order of terms"),
    ("x^2-1", "(x-1)(x+1)", C, "factored"),
    ("x^2-1", "(x-1)(x+2)", X, "factored wrongly"),
    (r"\frac{x+2}{7}", r"\frac{x}{7}+\frac{2}{7}", C, "MATH gold"),
    (r"\frac{n(n+1)}{2}", "n(n+1)/2", C, "plain text"),
    ("2x", "2y", X, "another variable"),
    ("2x", "2", X, "variable lost"),
    (r"2007 + \frac\pi 2", r"\frac{4014+\pi}{2}", C, "MATH gold without braces"),
    (r"\log_2 8", "3", C, "logarithm"),
    ("1-1/e", "1+1/e", X, "Math-Verify PR 82"),
    ("x^{10}", "x^10", C, "unbraced exponent"),
    ("x'", "x", X, "a prime is not dropped"),
    (r"\sqrt{x^2}", "x", X, "sign of x unknown"),
    (r"-\infty", r"\infty", X, "sign"),
    (r"\infty", "∞", C, "unicode"),
    (r"\frac{1}{x}", r"\frac{1}{x+}", X, "malformed answer"),
    ("1010_2", "1010", X, "number base"),
    ("1010_2", "1010_{2}", C, "number base"),
    ("1010_2", "10", X, "same value in another base is no answer here"),
    (r"\pi r^2", r"\pi r^{2}", C, "braces"),
]
RELATIONS: list[tuple[JSON, str, Outcome, str]] = [
    ("5", "x=5", C, "named value"),
    ("x=5", "5", C, "named value"),
    ("x=3", "y=3", X, "another name"),
    ("5", "x=4=5", X, "a chain that contradicts itself"),
    ("5", "x=4+1=5", C, "a chain"),
    (r"\Delta", r"\delta", X, "case"),
    ("x", "X", X, "case"),
    ("1:2", "1:3", X, "a parser that drops the rest would see 1"),
    ("6", "2 3", X, "two numbers are no product"),
    ("7", "7...", X, "no plain number"),
    (r"\sqrt{16}", r"\pm 4", X, "two values"),
    (r"\frac{x^2}{2}+C", r"\frac{x^2}{2}", X, "constant lost"),
    ("x^2=4", "x=2", X, "half the solutions"),
    (r"0.1\overline{6}", "1/6", C, "repeating decimal"),
    ("5", "2x+3=5", X, "an equation is not its right side"),
    ("5", r"x \ge 5", X, "an inequality is not its bound"),
    ("1/2", r"P(A) = \frac12", C, "named value"),
    ("30", r"\angle ABC = 30^\circ", C, "named value"),
    ("3x+4y+14=0", "3*x-1*y+13=0", X, "Math-Verify issue 60"),
    ("y=2x+1", "2x-y+1=0", C, "same line"),
    ("y=2x+1", "y=2x-1", X, "another line"),
    ("x^2+y^2=1", "2x^2+2y^2=2", C, "same circle"),
    ("x>3", "3<x", C, "turned"),
    ("x>3", r"x\ge 3", X, "bound included"),
    ("x>3", r"(3,\infty)", C, "interval"),
    ("(1,2)", "1<x<2", X, "the reference may be a point"),
    ("(1,\\infty)", "x>1", C, "interval"),
    ("(3,5)", "3<x<5", X, "the reference may be a point"),
    ("7", r"x\in 7", X, "no set"),
    (r"\{7,8\}", r"x\in\{7,8\}", C, "set"),
    ("72", r"72 \approx 80", X, "the two sides differ"),
    ("72", r"72 \sim 90", X, "the two sides differ"),
    (r"\frac13", r"\frac13 \approx 0.34", X, "the two sides differ"),
    (r"\frac13", r"\frac13 \approx 33.3\%", C, "to printed precision"),
    (r"\sqrt2", r"\sqrt{2} \approx 1.41", C, "to printed precision"),
    (r"\sqrt2", r"\sqrt{2} \approx 1.5", X, "the two sides differ"),
    (r"\sqrt2", r"x = \sqrt{2} \approx 1.414 \approx 1.4", C, "to printed precision"),
    ("[1,2)", r"1 \le x < 2", C, "interval"),
    ("[1,2)", "1<x<2", X, "bounds"),
    (r"\{x|-1<x<1\}", "(-1,1)", C, "set-builder; HardVerify-Math"),
    (r"\frac13", r"\frac{1}{3} \approx 0.33", C, "exact part counts"),
]
LISTS: list[tuple[JSON, str, Outcome, str]] = [
    ("1,2", "2, 1", C, "order of a list"),
    ("1,2", r"1 \text{ and } 2", C, "conjunction"),
    ("1,2", "x=1, x=2", C, "named items"),
    ("x=1, y=2", "y=2, x=1", C, "named apart"),
    ("x=1, y=2", "x=2, y=1", X, "named apart"),
    ("x=1, y=2", "1, 2", C, "named apart: the order tells"),
    ("x=1, y=2", "2, 1", X, "named apart: the order tells"),
    ("1, 2", "y=2, x=1", X, "named apart: the order tells"),
    (r"\{1,2\}", "1, 2", C, "set and list"),
    (r"\{1,2\}", r"\{2,1,1\}", C, "a set counts once"),
    ("1,1,2", "1,2", X, "a list counts repeats"),
    ("1,2", "1,2,3", X, "too many"),
    ("1,2", "1", X, "too few"),
    ("42", "41 or 42", X, "answer spraying"),
    ("42", "41, 42", X, "answer spraying"),
    ("42", "41 or 42 or 43", X, "answer spraying"),
    ("42", ", ".join(map(str, range(100))), X, "answer spraying"),
    ("(1,2)", "(1, 2)", C, "tuple"),
    ("(1,2)", "(2,1)", X, "order of a tuple"),
    ("(1,2)", "[1,2]", X, "closed, not open"),
    ("(1,2)", r"\{1,2\}", X, "Math-Verify reads an interval as a pair"),
    ("(1,2)", r"\left(1,\frac{4}{2}\right)", C, "item by item"),
    ("(1,2)", "(x,y)=(1,2)", C, "named tuple"),
    (r"\pm 3", "3, -3", C, "plus-minus"),
    (r"\pm 3", "3", X, "half of it"),
    (r"1\pm\sqrt{2}", r"1-\sqrt{2}, 1+\sqrt{2}", C, "plus-minus"),
    (r"(-\infty,1)\cup(2,\infty)", r"(2,\infty)\cup(-\infty,1)", C, "union"),
    (r"(-\infty,1)\cup(2,\infty)", r"x<1 \text{ or } x>2", C, "union"),
    (r"(-\infty,1)\cup(2,\infty)", r"(-\infty,1]\cup(2,\infty)", X, "union"),
    ("[1,\\infty)", r"[2^{1/2^{1000}},\infty)", X, "tower in an interval; field notes 18"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}", C, "matrix"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}", X, "matrix"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}", X, "transposed"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1,2)", C, "column and tuple"),
    ("1,2,\\ldots,10", "1,2,3,\\ldots,10", X, "ellipsis"),
    (["3", "4"], "4", C, "any accepted answer"),
    (["3", "4"], "5", X, "any accepted answer"),
]
WORDS: list[tuple[JSON, str, Outcome, str]] = [
    (r"\text{Evelyn}", "Evelyn", C, "MATH gold"),
    (r"\text{Evelyn}", r"\text{ evelyn }", C, "case"),
    (r"\text{Evelyn}", "Evelyn Smith", X, "more words"),
    ("Tuesday", "Wednesday", X, "wrong word"),
    (r"\text{(C)}", "C", C, "choice"),
    (r"\text{(C)}", r"\text{C}", C, "choice"),
    (r"\text{(C)}", "(D)", X, "choice"),
    ("C", "c", X, "a letter may be a variable"),
    ("yes", "no", X, "wrong word"),
    ("0", "zero", X, "words are not read as numbers"),
    ("even", "not even", X, "more words"),
]
MANY = r"\{{" + ",".join(["{}"] * 5000) + r"\}}"
HOSTILE: list[tuple[JSON, str, Outcome, str]] = [
    ("1", "9^{9^{9^{9}}}", X, "field notes 1"),
    ("1", "9**9**9**9", X, "field notes 1"),
    ("1", "2^{2^{2^{49}}}", X, "field notes 2"),
    ("1", "5^{5^{5^{5^{5^{5}}}}}", X, "field notes 3"),
    ("1", "((10!)!)!", X, "field notes 4"),
    ("1", "(10^9)!", X, "field notes 4"),
    ("1", "1000000!", X, "field notes 5"),
    ("10^{10^{10}}", "10^{10^{10}}+1", X, "field notes 6"),
    ("1", "{" * 3000 + "1" + "}" * 3000, X, "field notes 9"),
    ("1", r"\frac{1}{1+" * 300 + "1" + "}" * 300, X, "field notes 10"),
    ("100001", "1+" * 100_000 + "1", X, "field notes 11: refused by length"),
    ("9" * 3999, "9" * 3999, C, "field notes 12"),
    ("9" * 3999, "9" * 3998 + "8", X, "field notes 12"),
    ("1", "9" * 100_000, X, "field notes 12"),
    ("1", r"\sum_{k=1}^{10^9} \frac1k", X, "field notes 13"),
    ("1", r"\prod_{k=1}^{10^7} k", X, "field notes 13"),
    ("1", r"\int_0^1 x^{x^x} dx", X, "field notes 14"),
    ("1", r"\binom{10^7}{5\cdot 10^6}", X, "field notes 15"),
    ("1", r"\gcd(3^{10^8},7^{10^8})", X, "field notes 15"),
    (MANY.format(*range(5000)), MANY.format(*range(4999, -1, -1)), C, "field notes 16"),
    (MANY.format(*range(5000)), MANY.format(*range(1, 5001)), X, "field notes 16"),
    ("0", "[9^{9^{9^9}}, 1]", X, "field notes 17"),
    ("0", "__import__('os').system('true')", X, "field notes 19"),
    ("0", "open('f','w') or 0", X, "field notes 19"),
    ("0", "().__class__.__bases__[0] or 0", X, "field notes 19"),
    ("0", r"\operatorname{eval}(1-1)", X, "field notes 19"),
    ("0", r"\pi*0+open('f','w')", X, "field notes: executed by another grader"),
    ("42", "\x00", X, "field notes 22"),
    ("42", "," * 20_000, X, "field notes 22"),
    ("42", " " * 50_000, X, "field notes 22"),
    ("42", "$" * 20_000, X, "field notes 22"),
    ("42", "\\" * 9999, X, "backslashes"),
    ("42", r"\frac" * 5000, X, "half fractions"),
    ("42", "(" * 20_000, X, "brackets"),
    ("42", "1," * 20_000, X, "many items"),
    ("42", "^{" * 39 + "2" + "}" * 39, X, "scripts"),
    (r"\infty", r"\frac{1}{0}", X, "field notes 24"),
]  # fmt: skip
ANSWERS = NUMBERS + UNITS + SYMBOLIC + RELATIONS + LISTS + WORDS

COMPLETIONS: list[tuple[JSON, str, Outcome, str]] = [
    ("18", "9 * 2 = 18\n#### 18", C, "GSM8K"),
    ("42", "The answer is 41 or 42.", X, "answer spraying"),
    ("42", r"\boxed{10} and then \boxed{42}", C, "the last box"),
    ("10, 42", r"\boxed{10} and then \boxed{42}", X, "boxes are not joined"),
    ("42", r"\boxed{42} and then \boxed{10}", X, "the last box"),
    ("42", r"\boxed{42} and then \boxed{", X, "a malformed last box"),
    ("42", r"<think>\boxed{42}", X, "reasoning without an end"),
    ("42", r"<think>\boxed{41}</think>\boxed{42}", C, "after the reasoning"),
    ("42", "so **42**", C, "Math-Verify issue 76"),
    ("42", " ".join(map(str, range(1000))), X, "last number"),
    ("10", "we know 2^{10}", X, "a number inside an expression"),
    ("7", "Is the answer 7? no", X, "a question"),
    ("7", "I don't know. 7", X, "no answer"),
    ("7", "It is not 7.", X, "denied"),
    ("7", "3 is not enough. So she needs 7.", C, "another sentence is denied"),
    ("", r"\boxed{1}", U, "empty reference"),
    (" $ $ ", r"\boxed{1}", U, "empty reference"),
    ([], r"\boxed{1}", U, "empty reference"),
    ({"answer": 1}, r"\boxed{1}", U, "reference of another kind"),
    (None, r"\boxed{1}", U, "reference of another kind"),
    (r"\frac{1}{x+}", r"\boxed{x}", U, "reference that cannot be parsed"),
    (r"\frac{1}{x+}", r"\boxed{\frac1{x+}}", C, "equal text still matches"),
]


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    with MathVerifier(workers=1) as verifier:
        yield verifier


def _problem(reference: JSON) -> Problem:
    return Problem("p", "?", "math", reference, "golden", "test")


@pytest.mark.parametrize(("reference", "answer", "outcome", "note"), ANSWERS)
def test_golden_answer(verifier: MathVerifier, reference: JSON, answer: str, outcome: Outcome, note: str) -> None:
    verdict = verifier.verify(_problem(reference), [rf"So it is $\boxed{{{answer}}}$."])[0]
    assert verdict.outcome is outcome, (note, verdict)


@pytest.mark.parametrize(("reference", "answer", "outcome", "note"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answer_ends_quickly(
    verifier: MathVerifier, reference: JSON, answer: str, outcome: Outcome, note: str
) -> None:
    start = time.perf_counter()
    verdict = verifier.verify(_problem(reference), [rf"\boxed{{{answer}}}"])[0]
    assert verdict.outcome is outcome, (note, verdict)
    assert time.perf_counter() - start < 1.5, note


@pytest.mark.parametrize(("reference", "completion", "outcome", "note"), COMPLETIONS)
def test_golden_completion(
    verifier: MathVerifier, reference: JSON, completion: str, outcome: Outcome, note: str
) -> None:
    verdict = verifier.verify(_problem(reference), [completion])[0]
    assert verdict.outcome is outcome, (note, verdict)
    if outcome is U:
        assert verdict.reason is Reason.BAD_REFERENCE


@pytest.mark.parametrize(("reference", "answer", "outcome", "note"), [case for case in ANSWERS if case[2] is not U])
def test_a_reference_matches_itself(
    verifier: MathVerifier, reference: JSON, answer: str, outcome: Outcome, note: str
) -> None:
    for accepted in reference if isinstance(reference, list) else [reference]:
        assert verifier.verify(_problem(reference), [rf"\boxed{{{accepted}}}"])[0].outcome is C


def test_the_table_is_large_enough() -> None:
    table = ANSWERS + HOSTILE + COMPLETIONS
    assert len(table) >= 120
    assert sum(case[2] is X for case in table) > sum(case[2] is C for case in table)
