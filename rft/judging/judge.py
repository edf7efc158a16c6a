"""The one piece that puts completions to a verifier: truncated ones apart, unjudged ones again, many in threads.

    pairs of (problem, sample) ──▶ neighbours ──▶ (problem, its samples) ──▶ judge ──▶ one verdict per sample, in order

A run's E-step, bare files, the proof of a task, the comparison with math-verify and reward functions all judge here.
"""

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from rft.processes.threads import verifying
from rft.types import FinishReason, Judged, Outcome, Problem, Reason, Sample, Verdict, Verifier

Asked = tuple[Problem, Sequence[Sample]]
"""A problem and the samples of it that are judged together."""
RETRIES = 1
"""Times that an unjudged sample is judged again where no config says how often."""
MOST_TOGETHER = 1024
"""Neighbouring samples that are judged in one call at most."""
MOST_HELD = 1024
"""Samples that ``judge_all`` holds, judged or not, before it waits for the oldest."""


def judge(
    problem: Problem, completions: Sequence[Sample | str], verifier: Verifier, retries: int = RETRIES
) -> list[Verdict]:
    """Returns one verdict per completion, in order; the verifier is not asked about truncated samples.

    Args:
        problem: what was asked.
        completions: samples, or bare texts, which are taken as whole.
        verifier: judges all of them in one call.
        retries: times that unjudged ones are judged again, unless the reference itself is bad.

    Raises:
        RftError: whatever the verifier raises; one from outside the package is checked in ``rft.checked``.
    """
    verdicts: dict[int, Verdict] = {
        i: Verdict(Outcome.TRUNCATED, verifier.id, Reason.TOKEN_LIMIT)
        for i, completion in enumerate(completions)
        if isinstance(completion, Sample) and completion.finish_reason is FinishReason.LENGTH
    }
    for _ in range(retries + 1):
        todo = [i for i in range(len(completions)) if i not in verdicts or _worth_another_try(verdicts[i])]
        if not todo:
            break
        texts = [each.text if isinstance(each, Sample) else each for each in (completions[i] for i in todo)]
        verdicts.update(zip(todo, verifier.verify(problem, texts), strict=True))
    return [verdicts[i] for i in range(len(completions))]


def judge_all(
    groups: Iterable[Asked], verifier_for: Callable[[str], Verifier], workers: int, retries: int = RETRIES
) -> Generator[Judged, None, None]:
    """Judges many problems at the same time and yields every sample beside its verdict, in the order of the groups.

    Verdicts come as soon as all before them are there. Groups are taken as they are needed: about ``MOST_HELD``
    samples are held at a time. A caller that stops early closes the generator, which drops what has not begun.

    Args:
        groups: problems with their samples; see ``neighbours``.
        verifier_for: gives the verifier of a name; called in the caller's thread.
        workers: groups judged at the same time.
        retries: as in ``judge``.

    Raises:
        RftError: whatever ``judge``, ``verifier_for`` or the groups raise.
    """
    waiting: deque[tuple[Sequence[Sample], Future[list[Verdict]]]] = deque()
    n_held = 0
    with verifying(workers, patient=False) as pool:
        for problem, samples in groups:
            verifier = verifier_for(problem.verifier)
            waiting.append((samples, pool.submit(judge, problem, samples, verifier, retries)))
            n_held += len(samples)
            while waiting and (n_held > MOST_HELD or waiting[0][1].done()):
                n_held -= len(waiting[0][0])
                yield from _judged(*waiting.popleft())
        while waiting:
            yield from _judged(*waiting.popleft())


def neighbours(pairs: Iterable[tuple[Problem, Sample]], most: int = MOST_TOGETHER) -> Iterator[Asked]:
    """Puts neighbouring samples together whose problems are judged alike, so that their reference is read once.

    Problems are judged alike when verifier, reference and metadata are equal; ids and prompts may differ, so a sample
    keeps the ``problem_id`` that it came with.

    Args:
        pairs: problem and sample, in the order in which verdicts are wanted.
        most: samples in one group at most.
    """
    first: Problem | None = None
    key, samples = "", list[Sample]()
    for problem, sample in pairs:
        own = key if problem is first else _what_decides(problem)
        if first is not None and (own != key or len(samples) == most):
            yield first, samples
            first, samples = None, []
        if first is None:
            first, key = problem, own
        samples.append(sample)
    if first is not None:
        yield first, samples


def _worth_another_try(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.UNJUDGED and verdict.reason is not Reason.BAD_REFERENCE


def _judged(samples: Sequence[Sample], verdicts: Future[list[Verdict]]) -> Iterator[Judged]:
    return map(Judged, samples, verdicts.result())


def _what_decides(problem: Problem) -> str:
    """A text that is equal for problems that are judged alike; as JSON, since 1, 1.0 and true are equal in Python."""
    parts: list[Any] = [problem.verifier, problem.reference, dict(problem.metadata)]
    return json.dumps(parts, sort_keys=True, default=repr)
