import time

import pytest

from rft.verifiers.extraction.answer import Extraction, ExtractionPolicy, after_reasoning, extract

BOXED = [
    (r"so \boxed{42}.", "42"),
    (r"\boxed{1} then \boxed{2}", "2"),
    (r"$\boxed{\frac{1}{2}}$", r"\frac{1}{2}"),
    (r"\boxed{\{1,2\}}", r"\{1,2\}"),
    (r"\boxed {7}", "7"),
    (r"\fbox{7}", "7"),
    (r"\boxed{\boxed{5}}", r"\boxed{5}"),
    (r"\boxed{41 \boxed{42}}", r"41 \boxed{42}"),
    (r"\boxed{5 was never closed; so \boxed{6}", "6"),
    ("\\boxed{\n 3 \n}", "3"),
    (r"a } stray brace \boxed{3} } {", "3"),
    (r"line break \\\boxed{3}", "3"),
    (r"\boxed{4} #### 5", "4"),
    (r"The answer is 5, I mean \boxed{4}. The answer is 5.", "4"),
    (r"<think>maybe \boxed{1}</think>\boxed{2}", "2"),
    (r"no start \boxed{1}</think>\boxed{2}", "2"),
    (r"a</think>b \boxed{1}</think>\boxed{2}", "2"),
    (r"<|channel|>analysis<|message|>\boxed{1}<|channel|>final<|message|>\boxed{2}", "2"),
    (r"[THINK]\boxed{1}[/THINK]\boxed{2}", "2"),
    (r"\boxed{\text{Evelyn}}", r"\text{Evelyn}"),
]
NOTHING = [
    "",
    r"\boxed{}",
    r"\boxed{ }",
    r"\boxed{1} and finally \boxed{}",
    r"\boxed{1} and finally \boxed{2",
    r"\boxed{1} and finally \boxed 2",
    r"\boxed{\frac{1}{2}",
    r"\boxed{ The answer is 4. #### 4",
    r"<think>so \boxed{1}",
    r"<think>a</think><think>so \boxed{1}",
    r"<think>\boxed{1}</think>",
]
FALL_BACKS = [
    ("9 * 2 = 18\n#### 18", "18", "hashes"),
    ("#### 17\n#### 18", "18", "hashes"),
    ("#### $1,800\nQ: the next one has 5", "1,800", "hashes"),
    ("#### Tuesday", "Tuesday", "hashes"),
    ("#### Step one\nwe add\nThe answer is 4.", "4", "phrase"),
    ("The answer is 42.", "42", "phrase"),
    ("The answer is 3.5 meters. I hope it is correct.", "3.5 meters", "phrase"),
    ("Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct.", r"\frac{1}{2}", "phrase"),
    ("**Answer:** 12", "12", "phrase"),
    ("**Answer**: **12**", "12", "phrase"),
    ("Answer:\n\n12", "12", "phrase"),
    ("the answer to the question is: 7", "7", "phrase"),
    ("So the answer is 41 or 42.", "41 or 42", "phrase"),
    ("The answer is $41$ or $42$.", "41  or  42", "phrase"),
    ("The answer is 5!", "5!", "phrase"),
    ('{"reasoning": "2 + 3 = 5", "answer": "5"}', "5", "phrase"),
    ('{"answer": "\\\\frac{1}{2}"}', r"\frac{1}{2}", "phrase"),
    ("He has 3 cats and 4 dogs, which makes 7.", "7", "last_number"),
    ("A: 60", "60", "last_number"),
    ("It costs $1,234.50", "1,234.50", "last_number"),
    ("We get x = -5", "-5", "last_number"),
    ("which is 3/4", "3/4", "last_number"),
    (r"which is \(\frac{3}{4}\)", r"\frac{3}{4}", "last_math"),
    ("so we find $$x = 5$$", "x = 5", "last_math"),
    ("The final answer is that she needs 10 apples for the party.", "10", "phrase"),
    ("The answer is 10 more than the number of her dogs.", "10 more than the number of her dogs", "phrase"),
    ("La respuesta es 12.", "12", "phrase"),
    ("Die Antwort lautet: 12", "12", "phrase"),
    ("所以答案是 12。", "12", "phrase"),
    ("a rise of 12%", "12%", "last_number"),
    ("so **73**", "73", "last_number"),
]
NO_NUMBER_ALONE = [
    "no number here",
    "we have 2^{10}",
    r"it is \sqrt{5}",
    "it is 5x",
    "it is x5",
    "it is 3 + 4",
    "it is 3 - 4",
    r"it is 5\sqrt{2}",
    "at 10:30",
    "the 5th",
    "v1.2.3",
    "f(5)",
    "it is 3π",
    "it is 3²",
    r"\begin{matrix}1 & 2\end{matrix} is [1, 2]",
]


@pytest.mark.parametrize("policy", ["strict", "lenient"])
@pytest.mark.parametrize(("completion", "answer"), BOXED)
def test_the_last_box_after_the_reasoning_counts(completion: str, answer: str, policy: ExtractionPolicy) -> None:
    found = extract(completion, policy)
    assert found is not None
    assert (found.text, found.rule) == (answer, "boxed")


def test_other_answers_given_in_the_same_way_are_kept() -> None:
    found = extract(r"\boxed{1}, \boxed{2}, \boxed{\phantom{9}}, \boxed{1}, \boxed{3}")
    assert found == Extraction("3", "boxed", ("1", "2"))


@pytest.mark.parametrize("policy", ["strict", "lenient"])
@pytest.mark.parametrize("completion", NOTHING)
def test_a_malformed_last_box_is_no_answer(completion: str, policy: ExtractionPolicy) -> None:
    assert extract(completion, policy) is None


@pytest.mark.parametrize(("completion", "answer", "rule"), FALL_BACKS)
def test_fall_backs_in_their_order(completion: str, answer: str, rule: str) -> None:
    found = extract(completion, "lenient")
    assert found is not None
    assert (found.text, found.rule) == (answer, rule)


@pytest.mark.parametrize(("completion", "answer", "rule"), FALL_BACKS)
def test_strict_takes_no_fall_back(completion: str, answer: str, rule: str) -> None:
    assert extract(completion, "strict") is None


@pytest.mark.parametrize("completion", NO_NUMBER_ALONE)
def test_a_number_inside_an_expression_is_no_answer(completion: str) -> None:
    assert extract(completion, "lenient") is None


def test_reasoning_without_an_end_leaves_nothing() -> None:
    assert after_reasoning("<think> on and on") is None
    assert after_reasoning("no marks") == "no marks"


@pytest.mark.parametrize(
    "piece",
    [
        "\\boxed{",
        "\\boxed{}",
        "{",
        "}",
        "$",
        " ",
        "answer is ",
        "answer: \n",
        "####\n",
        "1,",
        "1",
        "1/",
        "\\",
        "<think>",
        "- ",
    ],
)
def test_floods_are_read_in_linear_time(piece: str) -> None:
    start = time.perf_counter()
    extract(piece * (200_000 // len(piece)) + " 42")
    assert time.perf_counter() - start < 2
