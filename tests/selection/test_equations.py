"""False steps are found; what is right, rounded, conditional or not arithmetic at all is left alone."""

import gzip
import json
import re
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.selection.filters.equations import FalseEquation, false_equations

FALSE = [
    # text, the equations that are false
    ("11 + 12 = 13, so 44 + 39 = 83", ["11 + 12 = 13"]),
    ("So 11 + 12 = 13.", ["11 + 12 = 13"]),
    ("(11 + 12 = 13)", ["11 + 12 = 13"]),
    ("1. 11 + 12 = 13\n2. 1 + 1 = 3", ["11 + 12 = 13", "1 + 1 = 3"]),
    ("1) 11 + 12 = 13", ["11 + 12 = 13"]),
    ("- 11 + 12 = 13", ["11 + 12 = 13"]),
    ("* 11 + 12 = 13", ["11 + 12 = 13"]),
    ("-3 + 4 = 7", ["-3 + 4 = 7"]),
    ("3 - (-4) = -1", ["3 - (-4) = -1"]),
    ("**11 + 12 = 13**", ["11 + 12 = 13"]),
    ("3 + 4 = 7 = 2 + 6", ["7 = 2 + 6"]),
    ("13 = 11 + 12", ["13 = 11 + 12"]),
    ("x = 3 + 4 = 8", ["3 + 4 = 8"]),
    ("x + 1 = 3 + 4 = 8", ["3 + 4 = 8"]),
    ("Natalia sold 48/2 = <<48/2=24>>25 clips", ["48/2 = 25"]),
    ("Natalia sold 48/2 = <<48/2=25>>24 clips", ["48/2 = 25"]),
    ("$5 * 3 = $16", ["5 * 3 = 16"]),
    ("It is $40 + $5= $48.", ["40 + 5 = 48"]),
    (r"\$5 \times 3 = \$16", [r"5 \times 3 = 16"]),
    (r"\(3 \cdot 4 = 13\)", [r"3 \cdot 4 = 13"]),
    (r"\[ 12 \div 4 = 4 \]", [r"12 \div 4 = 4"]),
    ("$3 + 4 = 8$ and", ["3 + 4 = 8"]),
    (r"\frac{1}{2} + \frac{1}{3} = \frac{2}{5}", [r"\frac{1}{2} + \frac{1}{3} = \frac{2}{5}"]),
    (r"\dfrac{12}{4} = 4", [r"\frac{12}{4} = 4"]),
    (r"\left(2 + 3\right) \times 2 = 11", [r"(2 + 3) \times 2 = 11"]),
    ("10^{2} + 1 = 100", ["10^(2) + 1 = 100"]),
    ("2**3 = 9", ["2^3 = 9"]),
    ("7 × 6 = 43; 84 ÷ 2 = 42", ["7 × 6 = 43"]),
    ("5 x 3 = 16 pens", ["5 * 3 = 16"]),
    ("10 − 3 = 6", ["10 − 3 = 6"]),
    ("49,994 + 20,006 = 69,999", ["49,994 + 20,006 = 69,999"]),
    ("a total of 8*7 = 57 pens", ["8*7 = 57"]),
    ("0.5 + 0.25 = 0.85", ["0.5 + 0.25 = 0.85"]),
    ("10/3 = 3.43", ["10/3 = 3.43"]),
    ("3 + 4 * 2 = 14", ["3 + 4 * 2 = 14"]),
    ("3 + 4 = 8 apples", ["3 + 4 = 8"]),
    (r"3 + 4 = 8 \text{ apples}", ["3 + 4 = 8"]),
    (r"\boxed{3 + 4 = 8}", ["3 + 4 = 8"]),
    (r"&= 3 + 4 = 8 \\ &= 9", ["3 + 4 = 8"]),
]

LEFT_ALONE = [
    "44 + 39 = 83",
    "3 + 4 = 7 = 2 + 5",
    "1,200 + 34 = 1,234",
    r"1{,}200 + 34 = 1{,}234",
    # rounded, cut off, worked with rounded values, nearly equal
    "10/3 = 3.33",
    "2/3 = 0.66",
    "2/3 = 0.667",
    "17/5 = 3",
    "3.33 * 3 = 10",
    "33.33 * 300 = 10000",
    "10/3 ≈ 4",
    r"10/3 \approx 4",
    # a running calculation
    "10 - 3 = 7 - 2 = 5",
    "100 - 20 = 80 / 100 = 0.8",
    # letters: variables, functions, products by juxtaposition
    "x = 3 + 4",
    "2x + 3 = 8",
    "x + 3 = 8",
    "x 3 + 4 = 8",
    "f(3) = 5 + 1",
    "f(2 + 1) = 9",
    "3 + 4 = 8x",
    "3 + 4 = 8 x",
    "2(3) + 1 = 9",
    r"3 + 4 = 5\sqrt{2}",
    r"\sqrt{16} + 3 = 7",
    r"\log_{10} 100 + 3 = 5",
    r"3\frac{1}{2} + 1 = 9",
    "1 1/2 + 1 = 9",
    "(1, 2) + (3, 4) = (4, 6)",
    # words that carry on the arithmetic
    "3 times 4 + 2 = 14",
    "half of 10 + 6 = 11",
    "add 3 to 4 + 5 = 12",
    "20% of 50 + 3 = 13",
    "5/25 = 20%",
    r"5/25 = 20\%",
    "25/100 = 25 percent",
    "500 * 4 = 2 thousand",
    "17 / 5 = 4 remainder 1",
    "17 / 5 = 4 R 1",
    "1 / 2 = 50 cents",
    "7 / 2 = 4 and a half",
    "7 / 2 = 4 and 1/2",
    "3 apples + 4 apples = 7 apples",
    "16 friends + 4 = 9",
    "Step 2 - 11 + 12 = 23",
    "Day 2 = 10 * 3",
    "average (3 + 5) = 4",
    "7 + 8 = 3 (mod 12)",
    r"7 + 8 = 3 \pmod{12}",
    "In base 2, 1 + 1 = 10",
    "2 * 3 = 3!",
    "5! + 3 = 123",
    "5² + 3 = 55",
    "1 + 2 + ... + 10 = 55",
    r"1 + 2 + \cdots + 10 = 55",
    "8 + 9 ... 10 + 1 = 55",
    "Is 3 + 4 = 8?",
    "5 +\n3 + 4 = 12",
    "3 + 4 = ?",
    # what looks like arithmetic
    "pages 2-3 = 2 pages",
    "3:30 + 2 = 5:30",
    "0900-0130 = 0730",
    "25 / 1/3 = 75",
    "-2^2 + 1 = 5",
    "0,5 + 0,5 = 1",
    "1.2.3 + 4 = 5",
    "a 3-year plan = 3 + 4",
    "3 + 4 == 8",
    "3 + 4 != 8",
    "3 + 4 <= 8",
    "3 + 4 ≠ 8",
    "x -= 3 + 4",
    "1/0 = 5 + 3",
    "3 = 5",
    "",
]


@pytest.mark.parametrize(("text", "expected"), FALSE)
def test_false_equations_are_found(text: str, expected: list[str]) -> None:
    assert [found.text for found in false_equations(text)] == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_not_certainly_false_is_left_alone(text: str) -> None:
    assert false_equations(text) == []


def test_a_finding_carries_both_exact_values() -> None:
    assert false_equations("1/3 + 1/3 = 5/6") == [FalseEquation("1/3 + 1/3 = 5/6", Fraction(2, 3), Fraction(5, 6))]


@given(st.lists(st.integers(0, 999), min_size=2, max_size=5), st.sampled_from("+-*"), st.integers(-5, 5))
def test_integer_equations_are_flagged_exactly_when_false(terms: list[int], sign: str, error: int) -> None:
    value = terms[0]
    for term in terms[1:]:
        value = {"+": value + term, "-": value - term, "*": value * term}[sign]
    equation = f" {sign} ".join(map(str, terms)) + f" = {value + error}"
    assert bool(false_equations(f"We see that {equation}, so we go on.")) == (error != 0)


@given(st.text(alphabet="0123456789.,+-*/^=()$%<>\\x{} \nfrac", max_size=80))
def test_no_text_raises(text: str) -> None:
    false_equations(text)


@pytest.mark.parametrize(
    "piece", ["1=", "1+1=", "(", "1 + (", "9^", "1,111", "<<", "$", "\n=", "-", "1/1=1\\\\&", "1.", "{"]
)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    began = time.process_time()
    false_equations(piece * (100_000 // len(piece)) + "=1+1=3")
    assert time.process_time() - began < 5


def test_human_solutions_are_hardly_ever_flagged(real_data: Path) -> None:
    with gzip.open(real_data / "gsm8k" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        solutions = [json.loads(line)["solution"] for line in lines]
    flagged = [solution for solution in solutions if false_equations(solution)]
    # 7,473 solutions, 25 of them hold an equation that is false as it is written, e.g. "200*.55=100"
    assert len(solutions) == 7473
    assert len(flagged) <= 30


def test_most_slips_planted_in_human_solutions_are_found(real_data: Path) -> None:
    with gzip.open(real_data / "gsm8k" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        solutions = [json.loads(line)["solution"] for _, line in zip(range(500), lines, strict=False)]
    planted = found = 0
    for solution in solutions:
        for mark in re.finditer(r"<<[^<>=]*[-+*/][^<>=]*=(\d+)>>\1(?!\d)", solution):
            wrong = f"{solution[: mark.start()]}{int(mark[1]) + 3}{solution[mark.end() :]}"
            planted += 1
            found += bool(false_equations(re.sub("<<[^<>]*>>", "", wrong)))
    assert planted > 1000
    assert found / planted > 0.7
