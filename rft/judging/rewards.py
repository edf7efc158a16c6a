r"""Any verifier as a reward function of a reinforcement-learning trainer; one line each.

- TRL: ``GRPOTrainer(model, reward_funcs=reward_function("math"), train_dataset=rows, ...)``
- TRL's command line: ``trl grpo ... --reward_funcs rft.judging.rewards.math_reward``
- verl: ``custom_reward_function.path=pkg://rft.judging.rewards custom_reward_function.name=compute_score``
  (later versions write ``reward.custom_reward_function``; earlier ones want the path of this file, not ``pkg://``)

For TRL the rows need a column ``reference`` beside ``prompt``. What could not be judged gets None there, and TRL leaves
it out of its group; verl has no such value, so there it gets 0 and is counted in the metric ``unjudged``. Completions
are text or chat messages. Verifiers are built once per process, at their first use.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any

from rft.checked.verifier import CheckedVerifier
from rft.errors import InputError
from rft.judging.judge import judge
from rft.registry import build, load
from rft.types import JSON, Outcome, Problem, Verdict, Verifier
from rft.verifiers import VERIFIERS

Completion = str | Sequence[Mapping[str, Any]]
"""Text, or chat messages of which the last one is judged; what TRL hands to a reward function."""

_BUILDING = threading.Lock()


@dataclass(frozen=True)
class RewardFunction:
    """A reward function for TRL's GRPOTrainer (and trainers like it): 1.0 for correct, 0.0 for not, None for unjudged.

    It can be pickled, called from any thread, and holds nothing but its settings.
    """

    verifier: str
    column: str = "reference"
    options: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def __name__(self) -> str:
        """What TRL calls it in its log: ``rewards/math_reward/mean``."""
        return f"{self.verifier.rpartition(':')[2]}_reward"

    def __call__(
        self,
        completions: Sequence[Completion],
        prompts: Sequence[JSON] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Returns one reward per completion, in order.

        Args:
            completions: texts, or lists of chat messages.
            prompts: not looked at.
            log_metric: TRL's; gets the share that could not be judged.
            columns: the columns of the data set, each as long as ``completions``; one holds the references.

        Raises:
            InputError: the column with the references is missing or has another length.
        """
        given = columns.get(self.column)
        references = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else []
        if len(references) != len(completions):
            raise InputError(
                f"{self.__name__} wants a column '{self.column}' with one reference per completion; "
                f"columns seen: {', '.join(sorted(columns)) or 'none'}"
            )
        verdicts = verdicts_of(self.verifier, self.options, [text_of(c) for c in completions], references)
        rewards = [reward_of(verdict) for verdict in verdicts]
        if log_metric and rewards:
            log_metric(f"unjudged/{self.__name__}", rewards.count(None) / len(rewards))
        return rewards


math_reward = RewardFunction("math")
choice_reward = RewardFunction("choice")
exact_reward = RewardFunction("exact")


def reward_function(verifier: str = "math", *, column: str = "reference", **options: JSON) -> RewardFunction:
    r"""Returns a reward function for TRL.

    Args:
        verifier: a name in ``VERIFIERS``, or ``module:Class``.
        column: the column of the data set that holds the references.
        options: the verifier's, e.g. ``extraction="strict"``.

    Raises:
        InputError: there is no such verifier, or an option is wrong.

    >>> reward = reward_function("math", extraction="strict")
    >>> reward(completions=[r"So \boxed{0.5}.", "It is 0.5."], reference=["1/2", "1/2"])
    [1.0, 0.0]
    """
    _verifier(verifier, options)
    return RewardFunction(verifier, column, options)


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: JSON,
    extra_info: Mapping[str, Any] | None = None,
    *,
    verifier: str = "math",
    options: Mapping[str, JSON] | None = None,
    **others: Any,
) -> dict[str, float]:
    """Returns verl's score: ``score`` is the reward, ``acc`` the same for its log, ``unjudged`` 1.0 where we failed.

    Args:
        data_source: not looked at.
        solution_str: the completion.
        ground_truth: the reference.
        extra_info: not looked at.
        verifier: a name in ``VERIFIERS``; ``+custom_reward_function.reward_kwargs.verifier=choice``.
        options: the verifier's; ``+custom_reward_function.reward_kwargs.options.extraction=strict``.
        others: what verl adds where a reward model runs too; not looked at.

    Raises:
        InputError: there is no such verifier, or an option is wrong.
    """
    reward = reward_of(verdicts_of(verifier, options or {}, [solution_str or ""], [ground_truth])[0])
    score = reward or 0.0
    return {"score": score, "acc": score, "unjudged": float(reward is None)}


def verdicts_of(
    verifier: str, options: Mapping[str, JSON], completions: Sequence[str], references: Sequence[JSON]
) -> list[Verdict]:
    """Returns one verdict per completion; neighbours with the same reference are judged together."""
    judging = _verifier(verifier, options)
    verdicts: list[Verdict] = []
    for _, group in groupby(range(len(completions)), key=lambda at: _key(references[at])):
        places = list(group)
        reference = as_json(references[places[0]])
        problem = Problem(f"reward/{places[0]}", "", verifier, reference, task="reward", split="train")
        verdicts += judge(problem, [completions[at] for at in places], judging)
    return verdicts


def reward_of(verdict: Verdict) -> float | None:
    """Returns 1.0 for correct, 0.0 for not, None for what could not be judged."""
    return None if verdict.outcome is Outcome.UNJUDGED else float(verdict.reward)


def text_of(completion: Completion) -> str:
    """Returns the text of a completion: itself, or what the last chat message says.

    >>> text_of("5"), text_of([{"role": "assistant", "content": [{"type": "text", "text": "6"}]}])
    ('5', '6')
    """
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") if completion else None
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content)
    return content or ""


def _verifier(name: str, options: Mapping[str, JSON]) -> Verifier:
    """The verifier with these options, built at its first use in this process; a fork builds its own."""
    settings = json.dumps(as_json(options), sort_keys=True)
    with _BUILDING:
        return _built(os.getpid(), name, settings)


@lru_cache
def _built(process: int, name: str, settings: str) -> Verifier:
    return CheckedVerifier(name, build("verifier", name, load("verifier", name, VERIFIERS), json.loads(settings)))


def _key(reference: JSON) -> str:
    return json.dumps(as_json(reference), sort_keys=True, default=repr)


def as_json(value: Any) -> JSON:
    """Returns a value without the array and config types in which data frames and Hydra keep lists and mappings."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [as_json(item) for item in value]
    return value
