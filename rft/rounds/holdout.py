"""Which problems are measured on and which are trained on: decided by id before round 0, and never again."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import islice

from rft.config.schema import EvalConfig, TaskConfig
from rft.errors import InputError
from rft.registry import declared
from rft.seeds import derive_seed
from rft.types import JSON, Problem, Task


def split(
    task: Task,
    config: TaskConfig,
    evaluation: EvalConfig,
    seed: int,
    shown: Iterable[str] = (),
    training: bool = True,
) -> Iterator[tuple[Problem, bool]]:
    """Yields every problem of a run with whether it is held out.

    Held-out problems come first: a split of their own, or those of the training split whose seeded hash is smallest,
    so that the choice depends on ids and seed only. A training problem with the same text as a held-out one, up to
    white space and case, is left out altogether, and so is a problem whose text is ``shown`` as a worked example.

    Without ``training`` all problems may be held out: there need not be a split to train on, and ``task.split`` may be
    the one that is measured on.

    Raises:
        InputError: nothing is left to train on or to measure on, or two problems share an id.
    """
    usable = _usable(config, shown)
    held: dict[str, str] = {}
    for problem in _held_out(task, config, evaluation, seed, usable):
        held[problem.id] = text_hash(problem.prompt)
        yield problem, True
    if evaluation.enabled and not held:
        raise InputError(_nothing_held_out(task, config, evaluation))
    n = 0
    if training or not (held and _measures_all(task, config, evaluation)):
        for problem in islice(_rest(task, config, evaluation, held, usable), config.limit):
            n += 1
            yield problem, False
    if not n and not held:
        raise InputError(f"split '{config.split}' of task '{config.kind}' holds no problem{_which(config)}")
    if not n and training:
        raise InputError(
            f"no problem of split '{config.split}' is left to train on after holding {len(held)} out; lower "
            "eval.holdout, or set train.kind=none to measure only"
        )


def _measures_all(task: Task, config: TaskConfig, evaluation: EvalConfig) -> bool:
    """Whether no split is left to train on: it is the one that is measured on, or the task has none of that name."""
    if evaluation.split is None:
        return False
    splits = declared(task, "splits")
    return config.split == evaluation.split or (splits is not None and config.split not in splits)


def _nothing_held_out(task: Task, config: TaskConfig, evaluation: EvalConfig) -> str:
    measured = evaluation.split or config.split
    if next(iter(task.problems(measured)), None) is None:
        return f"split '{measured}' of task '{config.kind}' holds no problem; give data that has some{_which(config)}"
    if evaluation.split is not None:
        return f"no problem of split '{measured}' may be measured on: all are excluded or shown as worked examples"
    return "no problem is held out to measure on; raise eval.holdout, or set eval.enabled: false"


def _which(config: TaskConfig) -> str:
    path = config.options.get("path", config.options.get("source"))
    return "" if path is None else f" ({path})"


def _usable(config: TaskConfig, shown: Iterable[str]) -> Callable[[Problem], bool]:
    """Returns whether a problem may be used at all: neither excluded by id nor one of the worked examples."""
    excluded, examples = frozenset(config.exclude), frozenset(map(text_hash, shown))
    return lambda problem: problem.id not in excluded and text_hash(problem.prompt) not in examples


def _held_out(
    task: Task, config: TaskConfig, evaluation: EvalConfig, seed: int, usable: Callable[[Problem], bool]
) -> Iterator[Problem]:
    if not evaluation.enabled:
        return
    if evaluation.split is not None:
        yield from islice(filter(usable, task.problems(evaluation.split)), evaluation.limit)
        return
    ids = [problem.id for problem in filter(usable, task.problems(config.split))]
    n = round(evaluation.holdout * len(ids)) if evaluation.holdout < 1 else int(evaluation.holdout)
    chosen = frozenset(nsmallest(min(n, evaluation.limit or n), ids, key=_by_hash(seed)))
    yield from (problem for problem in task.problems(config.split) if problem.id in chosen)


def _rest(
    task: Task,
    config: TaskConfig,
    evaluation: EvalConfig,
    held: Mapping[str, str],
    usable: Callable[[Problem], bool],
) -> Iterator[Problem]:
    """The problems to train on: usable, and neither held out nor the twin of one that is."""
    texts = frozenset(held.values())
    for problem in task.problems(config.split):
        if problem.id in held and evaluation.split is not None:
            raise InputError(
                f"problem id '{problem.id}' is in split '{config.split}' and in split '{evaluation.split}', which is "
                "measured on; give the two splits different ids, or choose another eval.split"
            )
        if problem.id not in held and usable(problem) and text_hash(problem.prompt) not in texts:
            yield problem


def _by_hash(seed: int) -> Callable[[str], tuple[int, str]]:
    return lambda problem_id: (derive_seed(seed, "holdout", problem_id), problem_id)


def text_hash(prompt: JSON) -> str:
    """Returns a hash of a prompt's words, by which two copies of one question are known."""
    text = prompt if isinstance(prompt, str) else " ".join(message["content"] for message in prompt)
    return hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest()[:16]
