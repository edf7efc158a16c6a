r"""Verdicts from Python, without a run: ``verify`` for one answer, ``judge`` for many.

    verifier, reference, completion ──▶ verify ──▶ Verdict
    lines, or (problem, sample)     ──▶ judge  ──▶ Verdict, Verdict, … in the same order, as they come

Verifiers and the sandbox of those that run programs are built at their first use and end with the process.
"""

import atexit
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from rft.components import Verifiers
from rft.config.schema import SandboxConfig
from rft.errors import InputError
from rft.judging.bare_file import asked
from rft.judging.judge import judge as judge_together
from rft.judging.judge import judge_all, neighbours
from rft.judging.rewards import Completion, as_json, text_of
from rft.types import JSON, FinishReason, Origin, Problem, Sample, Verdict, Verifier

Line = Mapping[str, JSON]
"""``reference``, ``completion``, and maybe ``id``, ``verifier``, ``finish_reason``, ``policy``, ``limits``."""
Pair = tuple[Problem, Sample | str]
GetVerifier = Callable[[str], Verifier]

_BUILDING = threading.Lock()
_KEPT: dict[tuple[int, str], Verifiers] = {}


def verify(
    verifier: str,
    reference: JSON,
    completion: Completion,
    *,
    sandbox: str | Mapping[str, JSON] = "local",
    **options: JSON,
) -> Verdict:
    r"""Returns the verdict on one answer.

    Args:
        verifier: ``math``, ``choice``, ``exact``, ``code``, or ``module:Class``.
        reference: what is right: a gold answer or a list of accepted ones (math, choice, exact), or an object with
            tests or cases (code). ``docs/verdicts.md`` and ``docs/code.md`` have every form.
        completion: what a model wrote: a text, or chat messages of which the last one is judged.
        sandbox: where programs run (code only): ``local``, ``docker``, ``http``, or an object with ``kind`` and the
            sandbox's options. It starts at the first program and is shared by later calls with the same value.
        options: the verifier's, as under ``verifiers.NAME`` in a config: ``units="convert"``, ``wall_s=5``.

    Returns:
        A verdict. A completion that cannot be read is *incorrect* with its reason; where this side failed, the
        verdict is *unjudged*. It never raises for what a completion holds.

    Raises:
        InputError: there is no such verifier or sandbox, an option is wrong, or an argument is of the wrong type.

    >>> verify("math", r"\frac{1}{2}", r"So the answer is \boxed{0.5}.").outcome
    <Outcome.CORRECT: 'correct'>
    >>> verify("math", "12", "It is 12 or 13.", extraction="strict").reason
    <Reason.NO_ANSWER: 'no_answer'>
    """
    if not isinstance(verifier, str):
        raise InputError(f"verifier is {verifier!r:.80}; give a name: verify('math', reference, completion)")
    if reference is None:
        raise InputError(f"the reference is None; give what the verifier '{verifier}' compares with, e.g. '42'")
    problem = Problem("answer", "", verifier, as_json(reference), "python", "python")
    get = _verifiers({verifier: options}, sandbox)
    return judge_together(problem, [_text(completion)], get(verifier))[0]


def judge(
    lines: Iterable[Line | Pair],
    verifier: str | None = None,
    *,
    workers: int = 2,
    sandbox: str | Mapping[str, JSON] = "local",
    verifiers: Mapping[str, Mapping[str, JSON]] | None = None,
) -> Iterator[Verdict]:
    r"""Yields one verdict per line, in the order of the lines, as soon as it and all before it are there.

    Lines are taken as they are needed, about a thousand ahead, so memory is flat however many there are. Neighbours
    with the same reference are judged together, which reads it once. What is unjudged is tried once more.

    Args:
        lines: objects as in a file for ``rft verify`` (``{"reference": …, "completion": …}``), or pairs of a Problem
            and a Sample or text. A sample or line whose ``finish_reason`` is ``length`` is *truncated*.
        verifier: for lines that name none.
        workers: groups of lines judged at the same time.
        sandbox: as in ``verify``.
        verifiers: name -> its options, as in a config: ``{"math": {"units": "convert"}}``.

    Raises:
        InputError: a line is malformed (its number, from 1, is named), or a name or option is wrong.
        RunError: a verifier of somebody else's raised, or did not return one verdict per completion.

    >>> lines = [{"reference": "4", "completion": "It is 4."}, {"reference": "4", "completion": "It is 5."}]
    >>> [str(verdict.outcome) for verdict in judge(lines, "math")]
    ['correct', 'incorrect']
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; at least 1 is needed")
    if isinstance(lines, Mapping | str | bytes) or not isinstance(lines, Iterable):
        raise InputError(
            f"judge takes many lines and got a {type(lines).__name__}; give a list of objects, or call verify for one"
        )
    get = _verifiers(verifiers or {}, sandbox)
    if verifier is not None:
        get(verifier)  # a name that is wrong is told now, not at the first verdict
    return _streamed(lines, verifier, workers, get)


def _streamed(lines: Iterable[Line | Pair], verifier: str | None, workers: int, get: GetVerifier) -> Iterator[Verdict]:
    pairs = (_pair(line, number, verifier) for number, line in enumerate(lines, 1))
    with closing(judge_all(neighbours(pairs), get, workers)) as judged:
        for each in judged:
            yield each.verdict


def _pair(line: Line | Pair, number: int, verifier: str | None) -> tuple[Problem, Sample]:
    if isinstance(line, Mapping):
        try:
            problem, sample = asked({"id": number, **{str(k): as_json(v) for k, v in line.items()}}, verifier)
        except (ValueError, RecursionError) as error:
            what = "is nested too deeply" if isinstance(error, RecursionError) else error
            raise InputError(f"line {number}: {what}") from error
        name = problem.verifier
        if ":" in name and name != verifier:  # data must not choose what is imported
            raise InputError(f"line {number}: verifier '{name}' is a path to code; give it as judge(lines, '{name}')")
        return problem, sample
    if isinstance(line, tuple) and len(line) == 2 and isinstance(line[0], Problem):
        problem, answer = line
        if isinstance(answer, Sample):
            return problem, answer
        if isinstance(answer, str):
            sample = Sample(problem.id, 0, number - 1, answer, 0, FinishReason.STOP, "python", None, Origin.IMPORTED)
            return problem, sample
    raise InputError(
        f"line {number} is {line!r:.80}; give an object with reference and completion, or (Problem, Sample or text)"
    )


def _text(completion: Any) -> str:
    if not isinstance(completion, str) and not (
        isinstance(completion, list | tuple) and all(isinstance(message, Mapping) for message in completion)
    ):
        raise InputError(f"the completion is {completion!r:.80}; give a text, or a list of chat messages")
    return text_of(completion)


def _verifiers(options: Mapping[str, Mapping[str, JSON]], sandbox: str | Mapping[str, JSON]) -> GetVerifier:
    """Gives the verifiers with these options by name; a fork builds its own."""
    where = {"kind": sandbox} if isinstance(sandbox, str) else dict(sandbox)
    try:
        settings = json.dumps([options, where], sort_keys=True)
    except TypeError as error:
        raise InputError(f"an option is not plain data ({error}); give texts, numbers, lists and objects") from error

    def get(name: str) -> Verifier:
        with _BUILDING:
            return _built(os.getpid(), settings)(name)

    return get


def _built(process: int, settings: str) -> Verifiers:
    if (process, settings) not in _KEPT:
        options, where = json.loads(settings)
        _KEPT[process, settings] = Verifiers(options, SandboxConfig.model_validate({"kind": "local", **where}))
    return _KEPT[process, settings]


@atexit.register
def close_kept() -> None:
    """Ends the sandboxes and workers that are kept from call to call; the next call starts its own."""
    with _BUILDING:
        for process, settings in list(_KEPT):
            verifiers = _KEPT.pop((process, settings))
            if process == os.getpid():  # a fork must not close its parent's
                verifiers.close()
