"""Rendering: what the model reads."""

import pytest

from rft.config.schema import Example, PromptConfig
from rft.errors import InputError
from rft.prompts.render import render
from rft.types import Message, Problem, Prompt

EXAMPLE = Example(prompt="1 + 1?", completion="2")


def problem(prompt: Prompt) -> Problem:
    return Problem("p/1", prompt, "math", "4", "t", "train")


def test_chat_puts_system_examples_and_question_in_order() -> None:
    config = PromptConfig(system="Be brief.", turn="Q: {prompt}", examples=(EXAMPLE,))
    assert render(problem("2 + {2}?"), config) == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Q: 1 + 1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "Q: 2 + {2}?"},
    )


def test_a_problems_own_system_prompt_stays_first_and_alone() -> None:
    own: tuple[Message, ...] = ({"role": "system", "content": "own"}, {"role": "user", "content": "2 + 2?"})
    rendered = render(problem(own), PromptConfig(system="other", examples=(EXAMPLE,)))
    assert [m["role"] for m in rendered if not isinstance(m, str)] == ["system", "user", "assistant", "user"]
    assert rendered[0] == {"role": "system", "content": "own"}


def test_plain_style_is_one_text_that_ends_where_the_model_goes_on() -> None:
    config = PromptConfig(style="plain", turn="Question: {prompt}\nAnswer:", examples=(EXAMPLE,))
    assert render(problem("2 + 2?"), config) == "Question: 1 + 1?\nAnswer: 2\n\nQuestion: 2 + 2?\nAnswer:"


def test_plain_style_refuses_chat_messages_by_problem_id() -> None:
    with pytest.raises(InputError, match="problem p/1 holds chat messages"):
        render(problem(({"role": "user", "content": "hi"},)), PromptConfig(style="plain"))
