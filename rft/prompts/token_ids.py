"""Turns a prompt into the token ids that the model reads, with its special tokens exactly once.

A chat template writes BOS and the turn markers itself, so its text must not be tokenised as a text of its own again;
plain text gets what the tokenizer puts around any text.
"""

from collections.abc import Sequence
from typing import Any

from rft.errors import InputError
from rft.types import Message


def prompt_ids(tokenizer: Any, prompt: str | Sequence[Message], template: str | None, model: str) -> list[int]:
    """Returns the token ids of a prompt.

    Args:
        tokenizer: of Hugging Face's kind.
        prompt: plain text, or chat messages.
        template: a chat template (Jinja) to use instead of the tokenizer's own.
        model: for messages.

    Raises:
        InputError: chat messages, and the model has no chat template or its template does not take them.
    """
    from jinja2 import TemplateError

    if isinstance(prompt, str):
        return list(tokenizer(prompt).input_ids)
    if template is None and getattr(tokenizer, "chat_template", "unknown") is None:
        raise InputError(
            f"model {model} has no chat template; set prompt.style: plain, or sampler.chat_template to a Jinja file"
        )
    own = {"chat_template": template} if template else {}
    try:
        ids = tokenizer.apply_chat_template(list(prompt), add_generation_prompt=True, return_dict=False, **own)
    except (TemplateError, ValueError) as error:
        raise InputError(f"the chat template of model {model} does not take these messages: {error}") from error
    return list(ids)
