"""Proves that a tokenizer and its chat template train on what was sampled, before a step is taken.

A sampler reads the rendered prompt and goes on from there; a trainer renders prompt and answer in one piece. Where the
two disagree, the model learns something else than it was rewarded for, and no loss curve shows it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rft.errors import InputError


@dataclass(frozen=True, slots=True)
class RoundTripSummary:
    """What was checked."""

    n_rows: int
    n_prompt_tokens: int
    n_completion_tokens: int
    n_merged: int
    """Rows whose completion begins with white space that a tokenizer merges with the end of the prompt when it takes
    both in one piece. Harmless to a trainer that tokenizes the two apart, as ``rft.trainers.trl.trainer`` does."""


def check_round_trip(
    tokenizer: Any, rows: Iterable[Mapping[str, Any]], *, stops: Collection[int] = (), max_merged: float = 0.5
) -> RoundTripSummary:
    """Checks ids(prompt) + ids(completion) == ids(whole) for every row, and how the whole begins and ends.

    A plain-text row is taken as prompt + completion + end token. For chat the completion is what the template adds
    behind the prompt.

    Args:
        tokenizer: a Hugging Face tokenizer, with a chat template if the rows are chat.
        rows: ``{"prompt": ..., "completion": ...}`` as ``rft.exports.write`` writes them.
        stops: tokens that end an answer; empty means the tokenizer's own end token. Templates such as Gemma's end
            turns with another one: give the ids of the generation config.
        max_merged: the share of rows whose boundary may merge; more speaks of the prompts, not of single samples.

    Raises:
        InputError: the template rewrites the history, doubles the begin token or ends without an end token, or most
            boundaries merge; the row is named.
    """
    stops = frozenset(stops) or {tokenizer.eos_token_id}
    n_rows = n_prompt = n_completion = n_merged = 0
    for n_rows, row in enumerate(rows, start=1):
        where = f"row {n_rows}" + (f" (problem {row['problem_id']})" if "problem_id" in row else "")
        prompt, whole = _rendered(tokenizer, row, where)
        prompt_ids, completion_ids = _ids(tokenizer, prompt), _ids(tokenizer, whole[len(prompt) :])
        whole_ids = _ids(tokenizer, whole)
        _check_begin(tokenizer, row, whole_ids, where)
        _check_end(tokenizer, whole_ids, stops, where)
        n_merged += prompt_ids + completion_ids != whole_ids
        n_prompt += len(prompt_ids)
        n_completion += len(completion_ids)
    if n_merged > max_merged * n_rows:
        raise InputError(
            f"in {n_merged} of {n_rows} rows the tokenizer merges the end of the prompt with the begin of the answer, "
            "so trainers see other tokens than were sampled; end the prompt on a token boundary (no space or line "
            "break at the end of prompt.turn)"
        )
    return RoundTripSummary(n_rows, n_prompt, n_completion, n_merged)


def _rendered(tokenizer: Any, row: Mapping[str, Any], where: str) -> tuple[str, str]:
    prompt, completion = row["prompt"], row["completion"]
    if isinstance(prompt, str):
        return prompt, f"{prompt}{completion}{tokenizer.eos_token}"
    if tokenizer.chat_template is None:
        raise InputError(f"{where} is chat messages, but the model has no chat template; set prompt.style: plain")
    messages = list(prompt)
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template([*messages, *completion], tokenize=False)
    if not whole.startswith(text):
        same = next((i for i, (a, b) in enumerate(zip(text, whole, strict=False)) if a != b), len(whole))
        raise InputError(
            f"{where}: the chat template rewrites the history: the prompt was sampled with {text[same : same + 40]!r} "
            f"where prompt and answer together have {whole[same : same + 40]!r}; use a template that renders a prompt "
            "alike with and without its answer"
        )
    return text, whole


def _check_begin(tokenizer: Any, row: Mapping[str, Any], ids: list[int], where: str) -> None:
    begin = tokenizer.bos_token_id
    if isinstance(row["prompt"], str):  # a plain prompt is encoded with special tokens, a rendered one without
        ids = tokenizer(row["prompt"], verbose=False)["input_ids"]
    if begin is not None and ids[:2] == [begin, begin]:
        raise InputError(
            f"{where} begins with two {tokenizer.bos_token!r} tokens; the prompt must not spell out the one that the "
            "tokenizer or the template writes by itself"
        )


def _check_end(tokenizer: Any, ids: list[int], stops: Collection[int], where: str) -> None:
    # many templates put a line break behind the end token
    last = next((token for token in reversed(ids) if tokenizer.decode([token]).strip()), None)
    if last not in stops:
        names = ", ".join(repr(tokenizer.convert_ids_to_tokens(stop)) for stop in sorted(stops))
        seen = "nothing" if last is None else repr(tokenizer.decode([last]))
        raise InputError(
            f"{where} ends with {seen}, not with {names}; the model would never learn to stop: "
            "correct the chat template or the tokenizer's eos_token"
        )


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids
