"""A sampler in one file: a program that writes words backwards and makes mistakes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Annotated

from annotated_types import Ge, Le

from rft import FinishReason, InputError, Request, Sample


@dataclass(frozen=True)
class Forgetful:
    """Answers with the word backwards; with some chance it leaves a letter out. The same seeds give the same texts."""

    mistakes: Annotated[float, Ge(0), Le(1)] = 0.4
    """The chance of a mistake."""

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields every requested sample once."""
        for request in requests:
            for index, seed in zip(request.indices, request.seeds, strict=True):
                text = self._answer(_word(request), Random(seed))
                yield Sample(
                    problem_id=request.problem_id,
                    round=request.round,
                    index=index,
                    text=text,
                    n_tokens=len(text.split()),
                    finish_reason=FinishReason.STOP,
                    engine="forgetful",
                    seed=seed,
                )

    def _answer(self, word: str, rng: Random) -> str:
        letters = list(reversed(word))
        if rng.random() < self.mistakes:
            del letters[rng.randrange(len(letters))]
        return rng.choice(("It is {}.", "Backwards that is {}.", "Let me see, letter by letter: {}")).format(
            "".join(letters)
        )


def _word(request: Request) -> str:
    """The word between the quotes of the question: the last message of a chat, or a plain text."""
    prompt = request.prompt if isinstance(request.prompt, str) else request.prompt[-1]["content"]
    quoted = re.search(r"'(\w+)'", prompt)
    if quoted is None:
        raise InputError(f"problem {request.problem_id}: the prompt has no word in quotes: {prompt!r:.80}")
    return quoted[1]
