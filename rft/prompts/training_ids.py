"""Turns training rows into token ids: the prompt exactly as the engine saw it, the completion up to its end token.

TRL would do this itself, but trains on whatever a template puts behind the end token (SmolLM2's, Qwen's: a line break)
and goes on with a warning where prompt and whole disagree. Here the last trained token is the one that stops the
engine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.errors import InputError
from rft.store.jsonl import lines, parse
from rft.types import JSON


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row as the model trains on it."""

    input_ids: list[int]
    n_prompt: int
    """So many tokens at the front carry no loss."""


def read_rows(dataset: Path) -> Iterator[dict[str, JSON]]:
    """Yields the rows of a JSONL file of prompt and completion.

    Raises:
        InputError: names the file and line of what is malformed.
    """
    for number, line in lines(dataset):
        where = f"{dataset}, line {number}"
        try:
            row = parse(line)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
        if not {"prompt", "completion"} <= row.keys():
            raise InputError(f"{where}: an object with 'prompt' and 'completion' is wanted")
        kinds = {_kind(row["prompt"]), _kind(row["completion"])}
        if len(kinds) > 1 or None in kinds:
            raise InputError(f"{where}: 'prompt' and 'completion' must both be text, or both be lists of messages")
        yield row


def stop_ids(tokenizer: Any, generation_eos: int | Sequence[int] | None) -> frozenset[int]:
    """Returns the tokens at which an engine stops: the generation config's, else the tokenizer's end token.

    Raises:
        InputError: there is none at all.
    """
    if generation_eos is None:
        generation_eos = tokenizer.eos_token_id
    if generation_eos is None:
        raise InputError(
            "the model names no end-of-sequence token (generation_config.json, tokenizer): it would never stop"
        )
    return frozenset([generation_eos] if isinstance(generation_eos, int) else generation_eos)


def encode(tokenizer: Any, row: dict[str, JSON], stops: frozenset[int]) -> Encoded:
    """Returns the ids of one row: prompt, completion, end token, and nothing behind it.

    Raises:
        InputError: the template puts no end token behind an answer.
    """
    if isinstance(row["prompt"], str):
        prompt_ids = _ids(tokenizer, row["prompt"], special=True)
        eos = tokenizer.eos_token_id if tokenizer.eos_token_id in stops else min(stops)
        return Encoded([*prompt_ids, *_ids(tokenizer, row["completion"]), eos], len(prompt_ids))
    prompt = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template([*row["prompt"], *row["completion"]], tokenize=False)
    if not whole.startswith(prompt):
        raise InputError(
            "the chat template renders a prompt differently once an answer follows: the model would train on another "
            f"prompt than it is sampled with; the prompt alone ends in {prompt[-60:]!r}"
        )
    prompt_ids = _ids(tokenizer, prompt)
    answer_ids = _ids(tokenizer, whole[len(prompt) :])
    end = next((place for place, token in enumerate(answer_ids) if token in stops), None)
    if end is None:
        raise InputError(
            f"the chat template ends no answer with a token that stops the engine ({_names(tokenizer, stops)}); the "
            "model would never learn to stop: correct eos_token_id in generation_config.json or the template"
        )
    return Encoded([*prompt_ids, *answer_ids[: end + 1]], len(prompt_ids))


def writes_stop_token(tokenizer: Any, row: dict[str, JSON], stops: frozenset[int]) -> bool:
    """Says whether an answer spells out a token that stops the engine: it would be cut there and taught as finished."""
    answer = row["completion"]
    texts = [answer] if isinstance(answer, str) else [str(message.get("content", "")) for message in answer]
    return any(tokenizer.convert_ids_to_tokens(stop) in text for stop in stops for text in texts)


def _kind(value: JSON) -> str | None:
    if isinstance(value, str):
        return "text"
    messages = isinstance(value, list) and value and all(isinstance(m, dict) and "role" in m for m in value)
    return "messages" if messages else None


def _ids(tokenizer: Any, text: str, special: bool = False) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"]
    return ids


def _names(tokenizer: Any, ids: frozenset[int]) -> str:
    return ", ".join(repr(tokenizer.convert_ids_to_tokens(i)) for i in sorted(ids))
