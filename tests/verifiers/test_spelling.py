"""The steps to canonical LaTeX, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rft.verifiers.spelling.canonical import STEPS, Step, canonical

EXAMPLES = [(step, text, rewritten) for step in STEPS for text, rewritten in step.examples.items()]
PIECES = [
    *"0123456789.,;:^_(){}[]|<>=!%$ \nxe\\~*`√½²℃\x00",
    *(r"\frac", r"\over", r"\choose", r"\color{", r"\text{", r"\sqrt", r"^\circ", "x10^", r"\{", r"\}", "...", "{:}"),
    *(r"\infinity", "**", "<=", ">=", "!=", "==", "  ", r"\|", r"\%", r"\\"),
]


@pytest.mark.parametrize(("step", "text", "rewritten"), EXAMPLES, ids=[f"{s.name}: {t}" for s, t, _ in EXAMPLES])
def test_a_step_does_what_its_example_says(step: Step, text: str, rewritten: str) -> None:
    assert step.mark in text or text == rewritten
    assert step.rewrite(text) == rewritten


def test_every_step_has_an_example_that_it_changes_and_a_name_of_its_own() -> None:
    assert all(any(text != rewritten for text, rewritten in step.examples.items()) for step in STEPS)
    assert len({step.name for step in STEPS}) == len(STEPS)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_a_step_changes_nothing_where_its_mark_is_missing(text: str) -> None:
    for step in STEPS:
        assert step.mark in text or step.rewrite(text) == text


@pytest.mark.parametrize("text", [text for _, text, _ in EXAMPLES if "\x00" not in text])
def test_canonical_text_stays_as_it_is(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
