"""The folder of one E-step: samples, their verdicts, and the joins that later stages read.

    samples/part-*.parquet              one record per (problem, index), never two
    verdicts/<verifier-id>/part-*.parquet   the last record of a (problem, index) counts

A round and an evaluation each have one such folder.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa

from rft.store.grouping import group
from rft.store.log import Log
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

    masks: dict[Outcome, int] = field(default_factory=dict)

    def add(self, index: int, outcome: Outcome) -> None:
        """Notes a verdict; a later one of the same sample replaces it."""
        bit = 1 << index
        for other, mask in self.masks.items():
            if mask & bit:
                self.masks[other] = mask & ~bit
        self.masks[outcome] = self.masks.get(outcome, 0) | bit

    def count(self, outcome: Outcome) -> int:
        """Returns how many samples have this outcome."""
        return self.masks.get(outcome, 0).bit_count()

    @property
    def judged(self) -> int:
        """Bit mask of the samples that have any verdict."""
        whole = 0
        for mask in self.masks.values():
            whole |= mask
        return whole


@dataclass
class StageFolder:
    """Samples and verdicts of one E-step on disk."""

    path: Path
    _logs: dict[str, Log] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add_sample(self, sample: Sample) -> None:
        """Stores a finished sample; it is safe from ``kill -9`` when this returns."""
        record = {name: getattr(sample, name) for name in SAMPLES.names}
        self._log("samples", SAMPLES).append(record)

    def add_verdict(self, problem_id: str, index: int, verdict: Verdict) -> None:
        """Stores a verdict; a later one for the same sample replaces it."""
        record = {"problem_id": problem_id, "index": index, "reward": verdict.reward}
        record |= {name: getattr(verdict, name) for name in VERDICTS.names if name not in record}
        self._log(f"verdicts/{verdict.verifier}", VERDICTS).append(record)

    def sampled(self) -> dict[str, int]:
        """Returns problem id -> bit mask of the indices that are on disk: a few bytes a problem, not a sample."""
        masks: dict[str, int] = {}
        for problem_ids, indices in self._log("samples", SAMPLES).columns(["problem_id", "index"]):
            for problem_id, index in zip(problem_ids, indices, strict=True):
                masks[problem_id] = masks.get(problem_id, 0) | 1 << index
        return masks

    def tallies(self, verifier_ids: Iterable[str]) -> dict[str, Tally]:
        """Returns problem id -> its verdicts so far."""
        tallies: dict[str, Tally] = {}
        outcomes = {outcome.value: outcome for outcome in Outcome}
        for name in sorted(verifier_ids):
            log = self._log(f"verdicts/{name}", VERDICTS)
            for columns in log.columns(["problem_id", "index", "outcome"]):
                for problem_id, index, outcome in zip(*columns, strict=True):
                    if (tally := tallies.get(problem_id)) is None:
                        tally = tallies[problem_id] = Tally()
                    tally.add(index, outcomes[outcome])
        return tallies

    def groups(self, problems: Iterable[Problem], verifier_ids: Iterable[str]) -> Iterator[Group]:
        """Yields problem after problem with its samples and verdicts; memory is flat in the number of both.

        Samples of problems that are not among ``problems`` are skipped.
        """
        samples = self._log("samples", SAMPLES)
        verdicts = [self._log(f"verdicts/{name}", VERDICTS) for name in sorted(verifier_ids)]
        streams = {
            "problems": ({"problem_id": p.id, "problem": asdict(p)} for p in problems),
            "samples": samples.records(),
            "verdicts": (record for log in verdicts for record in log.records()),
        }
        self.path.mkdir(parents=True, exist_ok=True)
        for leftover in self.path.glob(".group-*"):  # of a process that was killed
            rmtree(leftover, ignore_errors=True)
        n_records = len(samples) + sum(len(log) for log in verdicts)
        for _, found in group(streams, lambda record: str(record["problem_id"]), n_records, self.path):
            for record in found["problems"]:
                ordered = sorted((_sample(r) for r in found["samples"]), key=lambda s: s.index)
                yield Group(_problem(record["problem"]), ordered, {r["index"]: _verdict(r) for r in found["verdicts"]})

    def flush(self) -> None:
        """Seals the journals into shards, so that Parquet readers see everything."""
        for log in self._logs.values():
            log.close(seal=True)
        self._logs.clear()

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


def _problem(record: dict[str, Any]) -> Problem:
    prompt = record["prompt"]
    return Problem(**(record | {"prompt": prompt if isinstance(prompt, str) else tuple(prompt)}))


def _sample(record: dict[str, Any]) -> Sample:
    kinds = {"finish_reason": FinishReason(record["finish_reason"]), "origin": Origin(record["origin"])}
    return Sample(**(record | kinds))


def _verdict(record: dict[str, Any]) -> Verdict:
    fields = {name: record[name] for name in ("verifier", "extracted", "detail", "cpu_s", "wall_s")}
    reason = Reason(record["reason"]) if record["reason"] else None
    trust = Trust(record.get("trust") or Trust.FULL)
    return Verdict(outcome=Outcome(record["outcome"]), reason=reason, trust=trust, **fields)
