"""Verdicts from Python: those of the command line, in order, in bounded memory, one sentence for each mistake."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rft
from rft import FinishReason, InputError, Outcome, Problem, Reason, Sample
from tests.conftest import require_local

ADD = {"entry_point": "add", "tests": "assert add(1, 2) == 3"}
RIGHT, WRONG = "```python\ndef add(a, b):\n    return a + b\n```", "```python\ndef add(a, b):\n    return a - b\n```"


@pytest.mark.parametrize(
    ("verifier", "reference", "completion", "options", "outcome"),
    [
        ("math", r"\frac{1}{2}", r"So the answer is \boxed{0.5}.", {}, "correct"),
        ("math", ["3", "4"], "It is 4.", {}, "correct"),
        ("math", "500 cm", r"\boxed{5 m}", {}, "incorrect"),
        ("math", "500 cm", r"\boxed{5 m}", {"units": "convert"}, "correct"),
        ("choice", "B", "The answer is (B).", {}, "correct"),
        ("exact", "Paris", r"\boxed{Rome}", {}, "incorrect"),
    ],
)
def test_one_answer(verifier: str, reference: Any, completion: str, options: dict[str, Any], outcome: str) -> None:
    assert rft.verify(verifier, reference, completion, **options).outcome == outcome


def test_the_last_message_of_a_chat_is_judged() -> None:
    chat = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "It is 4."}]
    assert rft.verify("math", "4", chat).reward == 1


def test_programs_run_in_a_sandbox() -> None:
    require_local()
    assert [rft.verify("code", ADD, text).outcome for text in (RIGHT, WRONG)] == ["correct", "incorrect"]


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("mth", "4", "4"), {}, "unknown verifier 'mth'.*math"),
        (("math", "4", "4"), {"unit": "convert"}, "unknown option 'unit'.*units"),
        (("math", "4", "4"), {"units": "furlongs"}, "option 'units'"),
        (("math", "4", "4"), {"units": {1}}, "an option is not plain data"),
        (("math", None, "4"), {}, "the reference is None"),
        (("math", "4", 4), {}, "the completion is 4; give a text"),
        ((None, "4", "4"), {}, "verifier is None; give a name"),
        (("code", ADD, RIGHT), {"sandbox": "lcal"}, "unknown sandbox 'lcal'.*local"),
    ],
)
def test_a_mistake_gets_one_sentence(arguments: tuple[Any, ...], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        rft.verify(*arguments, **options)
    assert "\n" not in str(caught.value)


def test_many_are_judged_in_order_by_the_verifiers_they_name() -> None:
    lines: list[dict[str, Any]] = [
        {"reference": "4", "completion": "It is 4."},
        {"reference": "B", "completion": "(C)", "verifier": "choice"},
        {"reference": "4", "completion": "It is", "finish_reason": "length"},
        {"reference": np.array(["3", "4"]), "completion": "It is 3."},
        {"reference": "20", "completion": "20%", "policy": {"percent": "points"}},
    ]
    outcomes = [verdict.outcome for verdict in rft.judge(lines, "math")]
    assert outcomes == ["correct", "incorrect", "truncated", "correct", "correct"]


def test_problems_with_samples_or_texts_are_judged() -> None:
    problem = Problem("p", "2 + 2?", "math", "4", "t", "train")
    cut = Sample("p", 0, 1, "It is 4", 3, FinishReason.LENGTH, "own", None)
    verdicts = list(rft.judge([(problem, "It is 4."), (problem, cut), (problem, "five")]))
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT, Outcome.TRUNCATED, Outcome.INCORRECT]
    assert verdicts[1].reason is Reason.TOKEN_LIMIT


def test_lines_are_taken_as_they_are_needed() -> None:
    taken = 0

    def lines() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield {"reference": str(number), "completion": str(number)}

    verdicts = rft.judge(lines(), "math")
    assert next(verdicts).reward == 1
    verdicts.close()  # type: ignore[attr-defined]
    assert taken < 5_000


def test_options_are_those_of_a_config() -> None:
    lines = [{"reference": "500 cm", "completion": r"\boxed{5 m}"}]
    assert [v.reward for v in rft.judge(lines, "math", verifiers={"math": {"units": "convert"}})] == [1]


@pytest.mark.parametrize(
    ("lines", "options", "sentence"),
    [
        ({"reference": "4", "completion": "4"}, {}, "takes many lines and got a dict"),
        ([], {"workers": 0}, "workers is 0; at least 1"),
        ([], {"verifier": "mth"}, "unknown verifier 'mth'"),
        ([{"reference": "4", "completion": "4"}, {"reference": "4"}], {}, "line 2: 'completion' is None"),
        ([{"completion": "4"}], {}, "line 1: has no reference"),
        ([{"reference": "4", "completion": "4"}], {"verifier": None}, "line 1: names no verifier"),
        ([{"reference": "4", "completion": "4", "verifier": "os:path"}], {}, "line 1: verifier 'os:path' is a path"),
        (["4"], {}, "line 1 is '4'; give an object"),
    ],
)
def test_a_bad_line_is_named(lines: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        list(rft.judge(lines, **{"verifier": "math", **options}))
