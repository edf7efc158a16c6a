"""The folder of one E-step: samples, their verdicts, and the joins that later stages read.

    samples/part-*.parquet              one record per (problem, index), never two
    verdicts/<verifier-id>/part-*.parquet   the last record of a (problem, index) counts

A round and an evaluation each have one such folder.
"""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from rft.store.joins import last_outcomes, masks, opened
from rft.store.log import Log
from rft.store.streams import one_ahead
from rft.types import FinishReason, Judged, Origin, Outcome, Problem, Reason, Sample, Trust, Verdict

SAMPLES = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("round", pa.int32(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("n_tokens", pa.int32(), nullable=False),
        pa.field("finish_reason", pa.string(), nullable=False),
        pa.field("engine", pa.string(), nullable=False),
        pa.field("seed", pa.int64()),
        pa.field("origin", pa.string(), nullable=False),
    ]
)
VERDICTS = pa.schema(
    [
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("reward", pa.int8(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("extracted", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("cpu_s", pa.float64(), nullable=False),
        pa.field("wall_s", pa.float64(), nullable=False),
        pa.field("verifier", pa.string(), nullable=False),
        pa.field("trust", pa.string()),
    ]
)
"""``trust`` is null, or not there at all, in verdicts of earlier versions: they have it in full."""
SAMPLE_FIELDS = tuple(SAMPLES.names)
SAMPLE_COLUMNS = SAMPLE_FIELDS[1:]
VERDICT_COLUMNS = ("outcome", "verifier", "reason", "extracted", "detail", "cpu_s", "wall_s", "trust")
"""What is stored of a sample and of a verdict, besides which problem and sample it belongs to, and the reward."""
# by value: several times as fast as calling the class
FINISH_REASONS = {reason.value: reason for reason in FinishReason}
ORIGINS = {origin.value: origin for origin in Origin}
OUTCOMES = {outcome.value: outcome for outcome in Outcome}
TRUSTS = {trust.value: trust for trust in Trust}


@dataclass(frozen=True, slots=True)
class Group:
    """Everything that is stored about one problem."""

    problem: Problem
    samples: list[Sample]
    """In the order of their index."""
    verdicts: dict[int, Verdict]
    """By index; an index without one has not been judged yet."""

    def judged(self) -> list[Judged]:
        """Returns the samples that have a verdict, beside it."""
        return [Judged(s, self.verdicts[s.index]) for s in self.samples if s.index in self.verdicts]


@dataclass(slots=True)
class Tally:
    """The verdicts of one problem as bit masks over the sample index: a few bytes a problem, not a sample."""

    correct: int = 0
    incorrect: int = 0
    truncated: int = 0
    unjudged: int = 0

    @property
    def masks(self) -> dict[Outcome, int]:
        """Outcome -> the samples that have it; outcomes that no sample has are left out."""
        return {outcome: mask for name, outcome in OUTCOMES.items() if (mask := getattr(self, name))}

    def add(self, outcome: str, mask: int) -> None:
        """Notes verdicts on the samples in a mask; a later one of the same sample replaces it."""
        if self.judged & mask:
            for name in OUTCOMES:
                setattr(self, name, getattr(self, name) & ~mask)
        setattr(self, outcome, getattr(self, outcome) | mask)

    def count(self, outcome: Outcome) -> int:
        """Returns how many samples have this outcome."""
        n_samples: int = getattr(self, outcome).bit_count()
        return n_samples

    @property
    def judged(self) -> int:
        """Bit mask of the samples that have any verdict."""
        return self.correct | self.incorrect | self.truncated | self.unjudged


@dataclass
class StageFolder:
    """Samples and verdicts of one E-step on disk."""

    path: Path
    _logs: dict[str, Log] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _sampled: tuple[Hashable, dict[str, int]] = field(default=(None, {}), init=False)
    _tallied: tuple[Any, dict[str, Tally]] = field(default=(None, {}), init=False)
    """What was counted last, with the state of the logs then: a run asks several times."""

    def add_sample(self, sample: Sample) -> None:
        """Stores a finished sample; it is safe from ``kill -9`` when this returns."""
        record = {name: getattr(sample, name) for name in SAMPLE_FIELDS}
        self._log("samples", SAMPLES).append(record)

    def add_verdicts(self, problem_id: str, verdicts: Mapping[int, Verdict]) -> None:
        """Stores verdicts, index -> verdict; a later one for the same sample replaces it."""
        records = defaultdict[str, list[dict[str, Any]]](list)
        for index, verdict in verdicts.items():
            record = {"problem_id": problem_id, "index": index, "reward": verdict.reward}
            records[verdict.verifier].append(record | {name: getattr(verdict, name) for name in VERDICT_COLUMNS})
        for verifier, some in records.items():
            self._log(f"verdicts/{verifier}", VERDICTS).append(*some)

    def sampled(self) -> Mapping[str, int]:
        """Returns problem id -> bit mask of the indices that are on disk: a few bytes a problem, not a sample."""
        log = self._log("samples", SAMPLES)
        if (state := log.state()) != self._sampled[0]:
            sampled: dict[str, int] = {}
            for problem_id, mask in masks(log):
                sampled[problem_id] = sampled.get(problem_id, 0) | mask
            self._sampled = (state, sampled)
        return self._sampled[1]

    def tallies(self, verifier_ids: Iterable[str]) -> Mapping[str, Tally]:
        """Returns problem id -> its verdicts so far."""
        logs = [self._log(f"verdicts/{name}", VERDICTS) for name in sorted(verifier_ids)]
        if (state := [log.state() for log in logs]) != self._tallied[0]:
            tallies: dict[str, Tally] = {}
            for problem_id, outcome, mask in last_outcomes(logs):
                if (tally := tallies.get(problem_id)) is None:
                    tally = tallies[problem_id] = Tally()
                tally.add(outcome, mask)
            self._tallied = (state, tallies)
        return self._tallied[1]

    def groups(
        self, problems: Iterable[Problem], verifier_ids: Iterable[str], outcome: Outcome | None = None
    ) -> Iterator[Group]:
        """Yields problem after problem with its samples and verdicts; memory is flat in the number of both.

        Samples of problems that are not among ``problems`` are skipped.

        Args:
            problems: each once; they come back in this order.
            verifier_ids: whose verdicts count; of several on one sample the last one.
            outcome: only the samples with this outcome are in the groups; None: all samples.
        """
        samples = self._log("samples", SAMPLES)
        verdicts = [self._log(f"verdicts/{name}", VERDICTS) for name in sorted(verifier_ids)]
        with (
            opened(samples, verdicts, VERDICTS) as join,
            closing(one_ahead(join.pieces(problems, SAMPLE_COLUMNS, VERDICT_COLUMNS, outcome))) as pieces,
        ):
            for some, rows in pieces:
                of_problem = {number: list(group) for number, group in groupby(rows, itemgetter(0))}
                for number, problem in enumerate(some):
                    yield _group(problem, of_problem.get(number, []))

    def flush(self) -> None:
        """Seals the journals into shards, so that Parquet readers see everything."""
        for log in self._logs.values():
            log.close(seal=True)
        self._logs.clear()
        self._sampled = (None, {})

    def close(self) -> None:
        """Closes the files; what was stored stays. Safe to call twice."""
        for log in self._logs.values():
            log.close()
        self._logs.clear()

    def _log(self, name: str, schema: pa.Schema) -> Log:
        with self._lock:
            if name not in self._logs:
                self._logs[name] = Log(self.path / name, schema)
            return self._logs[name]


def _group(problem: Problem, rows: Iterable[tuple[Any, ...]]) -> Group:
    group = Group(problem, [], {})
    for row in rows:
        sample, verdict = row[1 : 1 + len(SAMPLE_COLUMNS)], row[1 + len(SAMPLE_COLUMNS) :]
        round_, index, text, n_tokens, finish_reason, engine, seed, origin = sample
        kind = FINISH_REASONS[finish_reason]
        group.samples.append(Sample(problem.id, round_, index, text, n_tokens, kind, engine, seed, ORIGINS[origin]))
        if verdict[0] is not None:
            group.verdicts[index] = _verdict(*verdict)
    return group


def _verdict(
    outcome: str,
    verifier: str,
    reason: str | None,
    extracted: str | None,
    detail: str | None,
    cpu_s: float,
    wall_s: float,
    trust: str | None,
) -> Verdict:
    why = Reason(reason) if reason else None
    return Verdict(
        OUTCOMES[outcome], verifier, why, extracted, detail, cpu_s, wall_s, TRUSTS[trust] if trust else Trust.FULL
    )
