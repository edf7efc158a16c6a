import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.verifiers.extract import extract
from rft.verifiers.math.compare import Comparison, read

PIECES = [
    *"0123456789.,;:+-*/^_(){}[]|<>=!%$ xyzabPe\\",
    *(
        "\\frac",
        "\\sqrt",
        "\\pm",
        "\\cup",
        "\\{",
        "\\}",
        "\\left(",
        "\\right]",
        "\\text{",
        "\\text{ and }",
        " or ",
        " cm",
    ),
    *(
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\\\",
        "&",
        "\\infty",
        "\\le ",
        "\\approx",
        "\\in",
        "½",
        "²",
        "π",
        "٣",
        "√",
    ),
    *(
        "million",
        "x=",
        "(x,y)=",
        "\\%",
        "^\\circ",
        "\\boxed{",
        "answer is ",
        "####",
        "<think>",
        "</think>",
        "\n",
        "\x00",
    ),
]
HALF_LATEX = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def never(gold: str, answer: str, within: float) -> bool:
    return False


@given(HALF_LATEX | st.text(max_size=60), HALF_LATEX | st.text(max_size=60), HALF_LATEX)
def test_reading_and_comparing_never_raise(reference: str, answer: str, completion: str) -> None:
    extract(completion, "lenient")
    gold = read(reference)
    assert Comparison(never).equal(gold, gold) is (gold.refused is None)
    assert isinstance(Comparison(never).equal(gold, read(answer)), bool)


@given(
    st.integers(),
    st.integers(),
    st.sampled_from(["{}", "${}$", "x={}", r"{}\text{{ cm}}", r"\left({}\right)", "{}.0", "{}^\\circ"]),
)
def test_numbers_in_any_dress_are_equal_exactly_when_their_values_are(a: int, b: int, dress: str) -> None:
    assert Comparison(never).equal(read(str(a)), read(dress.format(b))) is (a == b)
    assert Comparison(never).equal(read(str(a)), read(dress.format(a)))


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_lists_are_equal_in_any_order_and_tuples_in_one(values: list[int], random: Random) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    texts = [", ".join(map(str, items)) for items in (values, mixed)]
    assert Comparison(never).equal(read(texts[0]), read(texts[1]))
    assert Comparison(never).equal(read(f"({texts[0]})"), read(f"({texts[1]})")) is (values == mixed)
    assert not Comparison(never).equal(read(texts[0]), read(f"({texts[1]})"))


@pytest.mark.parametrize("piece", PIECES)
def test_floods_are_compared_quickly(piece: str) -> None:
    start = time.perf_counter()
    flood = piece * (50_000 // len(piece))
    Comparison(never).equal(read("42"), read(flood))
    Comparison(never).equal(read("1, 2"), read("1, " + flood[:40_000]))
    Comparison(never).equal(read(flood), read("1" + flood[:40_000]))
    assert time.perf_counter() - start < 2
