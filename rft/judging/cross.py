"""Compares the math verifier's verdicts with math-verify's on the same completions: ``rft cross TARGET``.

A comparison proves neither right; it shows where to look. Ours judges in this process, math-verify in worker processes
that are killed at their time limit and capped in memory. Completions stream through; what stays in memory is a digest
per distinct difference, up to a bound, and the first differences in words.
"""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from rft.components import Verifiers
from rft.errors import InputError
from rft.judging.candidates import COMPARED, Candidate, candidates_of
from rft.judging.judge import judge
from rft.judging.second_opinion import Opinion, SecondOpinion
from rft.store.files import check_out, writing
from rft.store.streams import in_batches
from rft.types import JSON, Outcome, Verdict, Verifier

CHUNK = 128
"""Completions held at a time."""
MAX_SHOWN = 50
"""Differences that are shown; all are counted, and written where a file is asked for."""
MAX_DISTINCT = 200_000
"""Differences that are told apart; what comes later is listed as it comes, repeated or not."""
MAX_TEXT = 2_000
"""Characters of a text in a record."""


class Kind(StrEnum):
    """How two verdicts relate."""

    BOTH_CORRECT = "both correct"
    BOTH_INCORRECT = "both incorrect"
    ONLY_OURS = "only ours correct"
    ONLY_THEIRS = "only math-verify correct"
    UNJUDGED = "ours unjudged"
    """Ours could not judge it, whatever math-verify says."""
    FAILED = "math-verify failed or timed out"


AGREE = (Kind.BOTH_CORRECT, Kind.BOTH_INCORRECT)


@dataclass(frozen=True, slots=True)
class Difference:
    """One case on which the two do not agree; the first of its kind, reference and extracted answer."""

    kind: Kind
    id: str
    reference: str
    extracted: str | None
    """What ours judged; None when it found no answer."""
    ours: str
    """Outcome, reason and detail."""
    math_verify: str
    parsed: str


@dataclass
class CheckerComparison:
    """What came out of a comparison."""

    counts: Counter[Kind] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """Why something was not compared -> how often."""
    shown: list[Difference] = field(default_factory=list)
    """The first distinct differences, at most MAX_SHOWN."""
    _times: "array[int]" = field(default_factory=lambda: array("Q"), init=False)
    """How often each distinct difference was seen, in the order of their first."""
    _places: dict[bytes, int] = field(default_factory=dict, init=False)

    @property
    def n_compared(self) -> int:
        """Completions that both were asked about."""
        return self.counts.total()

    @property
    def n_differences(self) -> int:
        """Distinct differences."""
        return len(self._times)

    def times(self) -> Sequence[int]:
        """Returns how often each distinct difference was seen, in the order of ``shown`` and beyond."""
        return self._times

    def add(self, found: Difference) -> bool:
        """Counts a difference and says whether it is new."""
        key = hashlib.blake2b(
            json.dumps([found.kind, found.reference, found.extracted, found.ours]).encode(), digest_size=16
        )
        place = self._places.get(key.digest())
        if place is not None:
            self._times[place] += 1
            return False
        if len(self._places) < MAX_DISTINCT:
            self._places[key.digest()] = len(self._times)
        self._times.append(1)
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(found)
        return True

    def to_json(self) -> dict[str, JSON]:
        """Returns counts and shares of every kind, what was left out, and the first differences."""
        total = max(self.n_compared, 1)
        return {
            "compared": self.n_compared,
            "counts": {str(kind): {"n": self.counts[kind], "share": self.counts[kind] / total} for kind in Kind},
            "left_out": dict(self.left_out),
            "n_differences": self.n_differences,
            "differences": [{"n": n, **asdict(found)} for n, found in zip(self._times, self.shown, strict=False)],
        }


def compare_target(
    target: str,
    options: Sequence[str],
    split: str | None,
    limit: int | None,
    number: int,
    skip_bad: bool,
    out: Path | None,
) -> CheckerComparison:
    """Compares what a target names (see ``candidates_of``), and writes all differences to ``out``.

    Raises:
        InputError: the target, an option, or ``out`` cannot be used.
        RunError: math-verify cannot be started.
    """
    if out is not None:
        check_out(out, Path(target))
    candidates, verifier_options = candidates_of(target, options, split, limit, number, skip_bad)
    verifiers = Verifiers(verifier_options)
    try:
        with SecondOpinion() as second:
            result = compare(candidates, verifiers(COMPARED), second, out)
    finally:
        verifiers.close()
    if not result.n_compared:
        seen = ", ".join(f"{n} {why}" for why, n in sorted(result.left_out.items())) or "nothing"
        raise InputError(f"{target} holds no completion of the verifier '{COMPARED}' to compare; seen: {seen}")
    return result


def compare(
    candidates: Iterable[Candidate | None], ours: Verifier, second: SecondOpinion, out: Path | None = None
) -> CheckerComparison:
    """Has every completion judged by both and returns where they differ.

    Args:
        candidates: taken a bounded number at a time; None stands for one that could not be read.
        ours: the math verifier; the caller closes it.
        second: asked in parallel.
        out: where all distinct differences go, one JSON line each with its count; written when complete.

    Raises:
        InputError: the candidates cannot be read, or ``out`` cannot be written.
    """
    result = CheckerComparison()
    with ExitStack() as stack:
        target = stack.enter_context(writing(out)) if out else None
        if target:
            target.touch()  # a place that cannot be written is reported before any work
        firsts: IO[bytes] | None = stack.enter_context(TemporaryFile()) if target else None
        for chunk in in_batches(_compared(candidates, result), CHUNK):
            opinions = second.ask(chunk)
            for candidate, verdict, opinion in zip(chunk, _verdicts(chunk, ours), opinions, strict=True):
                found = _difference(candidate, verdict, opinion)
                result.counts[found.kind] += 1
                if found.kind not in AGREE and result.add(found) and firsts:
                    firsts.write(_line(asdict(found)))
        if firsts and target:
            _write_counted(firsts, result.times(), target)
    return result


def _verdicts(chunk: Sequence[Candidate], ours: Verifier) -> Iterator[Verdict]:
    """Judges the neighbours of one problem together, in order."""
    for _, together in groupby(chunk, key=lambda candidate: candidate.problem):
        group = list(together)
        yield from judge(group[0].problem, [each.completion for each in group], ours)


def _compared(candidates: Iterable[Candidate | None], result: CheckerComparison) -> Iterator[Candidate]:
    """Passes on what both can judge, and counts the rest."""
    for candidate in candidates:
        if candidate is None:
            result.left_out["unreadable"] += 1
        elif candidate.problem.verifier != COMPARED:
            result.left_out["of another verifier"] += 1
        elif candidate.truncated:
            result.left_out["truncated"] += 1
        else:
            yield candidate


def kind_of(verdict: Verdict, opinion: Opinion) -> Kind:
    """Returns how our verdict and math-verify's opinion relate."""
    if verdict.outcome is Outcome.UNJUDGED:
        return Kind.UNJUDGED
    if opinion.failure:
        return Kind.FAILED
    if verdict.outcome is Outcome.CORRECT:
        return Kind.BOTH_CORRECT if opinion.correct else Kind.ONLY_OURS
    return Kind.ONLY_THEIRS if opinion.correct else Kind.BOTH_INCORRECT


def _difference(candidate: Candidate, verdict: Verdict, opinion: Opinion) -> Difference:
    reference = candidate.problem.reference
    said = ", ".join(part for part in (verdict.outcome, verdict.reason, verdict.detail) if part)
    return Difference(
        kind=kind_of(verdict, opinion),
        id=_bounded(candidate.id),
        reference=_bounded(reference if isinstance(reference, str) else json.dumps(reference)),
        extracted=None if verdict.extracted is None else _bounded(verdict.extracted),
        ours=_bounded(said),
        math_verify=_bounded(str(opinion)),
        parsed=_bounded(opinion.parsed),
    )


def _bounded(text: str) -> str:
    """A text of bounded length that can be written as UTF-8: a model may write a lone surrogate."""
    text = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 100]} … {text[-90:]}"
    return text.encode("utf-8", "replace").decode("utf-8")


def _line(record: dict[str, JSON]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


def _write_counted(firsts: IO[bytes], times: Sequence[int], target: Path) -> None:
    firsts.seek(0)
    with target.open("wb") as file:
        for n, line in zip(times, firsts, strict=True):
            file.write(_line({"n": n, **json.loads(line)}))


# -- how it is shown
