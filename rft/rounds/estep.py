"""The E-step: draws candidates and judges them at the same time.

    problems ──▶ requests ──▶ sampler ──▶ samples on disk ──▶ verifiers (threads) ──▶ verdicts on disk

The engine is never made to wait for a checker: finished samples go to disk at once and wait there. Only when more than
``max_backlog`` samples have no verdict yet does the flow of new requests pause; the engine goes on with those it has.
In the other direction the sampler takes requests only as fast as it can use them. What a crash left unjudged is judged
by ``verify``, which reads samples from disk and needs no engine.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, repeat
from time import monotonic

from rft.config.schema import VerifyConfig
from rft.errors import UnjudgedError
from rft.judging.judge import judge
from rft.processes.threads import verifying
from rft.report.progress import Observer, Progress
from rft.seeds import derive_seed
from rft.store.stage import Group, StageFolder, Tally
from rft.types import (
    Outcome,
    Problem,
    Prompt,
    Request,
    Sample,
    Sampler,
    SamplingParams,
    Verifier,
)

EARLY_ALARM = 200
"""From so many verdicts on, a run with too many unjudged samples is stopped at once, not at the end."""

EARLY_LOOK_S = 2.0
"""After so long without a verdict the samples so far of a problem are judged before its others are there: whoever
watches sees early whether answers are read at all. Otherwise all samples of a problem are judged together."""


@dataclass(frozen=True)
class Draw:
    """What to draw: some candidates of every problem."""

    problems: Callable[[], Iterable[Problem]]
    """Gives the problems anew at each call, in a fixed order."""
    ids: Callable[[], Iterable[str]]
    """Gives their ids, which is all that is read where nothing is missing."""
    render: Callable[[Problem], Prompt]
    n: int | Callable[[Problem], int]
    """Candidates per problem: one number for all, or a function, for which every problem is read at the start."""
    params: SamplingParams
    round: int
    seed: int

    def wanted(self) -> Iterator[tuple[str, int]]:
        """Yields the id of every problem with the number of its candidates."""
        if isinstance(self.n, int):
            return zip(self.ids(), repeat(self.n), strict=False)
        return ((problem.id, self.n_of(problem)) for problem in self.problems())

    def n_of(self, problem: Problem) -> int:
        """Returns the number of candidates of a problem."""
        return self.n if isinstance(self.n, int) else self.n(problem)


@dataclass
class EStep:
    """Draws and judges into one folder. What is there already is neither drawn nor judged again."""

    folder: StageFolder
    verifiers: Mapping[str, Verifier]
    """Every verifier that a problem names."""
    config: VerifyConfig
    observer: Observer
    title: str = "sampling"
    _room: threading.Condition = field(default_factory=threading.Condition, init=False)
    _backlog: int = field(default=0, init=False)
    _submitted: float = field(default=0.0, init=False)
    _faults: list[Future[None]] = field(default_factory=list, init=False)

    @property
    def verifier_ids(self) -> list[str]:
        """The ids under which verdicts are stored."""
        return verdict_ids(self.verifiers)

    def run(self, draw: Draw, sampler: Sampler, judge: bool = True) -> Progress:
        """Draws what is missing and judges what is not judged yet.

        Args:
            draw: what is wanted.
            sampler: not touched when nothing is missing, so that no engine starts.
            judge: False draws only (``rft sample``).

        Raises:
            UnjudgedError: too many samples could not be judged.
            RftError: whatever the sampler raises; finished samples are on disk.
        """
        there = self.folder.sampled()
        progress = self._progress(draw, there)
        self.observer.begin(progress)
        try:
            with verifying(self.config.workers, patient=True) as pool:
                self._sample(draw, sampler, there, progress, pool if judge else None)
            self._raise_faults()
            if judge:
                self._verify(draw.problems(), progress)
        finally:
            self.folder.flush()
            self.observer.end(progress)
        return progress

    def verify(self, problems: Iterable[Problem], again_unjudged: bool = False) -> Progress:
        """Judges every stored sample that has no verdict of these verifiers; no engine is needed.

        Args:
            problems: those whose samples are to be judged.
            again_unjudged: judge also those that could not be judged before.

        Raises:
            UnjudgedError: too many samples could not be judged.
        """
        n_samples = sum(mask.bit_count() for mask in self.folder.sampled().values())
        progress = Progress(self.title, total=n_samples, before=n_samples, outcomes=self._outcomes())
        self.observer.begin(progress)
        try:
            self._verify(problems, progress, again_unjudged)
        finally:
            self.folder.flush()
            self.observer.end(progress)
        return progress

    def _progress(self, draw: Draw, there: Mapping[str, int]) -> Progress:
        total = before = 0
        for problem_id, n in draw.wanted():
            total += n
            before += (there.get(problem_id, 0) & (1 << n) - 1).bit_count()
        return Progress(self.title, total=total, before=before, outcomes=self._outcomes())

    # -- sampling

    def _sample(
        self,
        draw: Draw,
        sampler: Sampler,
        there: Mapping[str, int],
        progress: Progress,
        pool: ThreadPoolExecutor | None,
    ) -> None:
        if progress.before == progress.total:
            return
        open_problems: dict[str, _Open] = {}
        requests = self._requests(draw, there, open_problems, progress)
        first = next(requests)  # so that whoever watches sees that the engine is waited for
        for sample in sampler.sample(chain((first,), requests)):
            self.folder.add_sample(sample)
            progress.first_sample = progress.first_sample or monotonic()
            progress.sampled += 1
            progress.tokens += sample.n_tokens
            waiting = open_problems[sample.problem_id]
            waiting.samples.append(sample)
            waiting.expected -= 1
            if not waiting.expected:
                del open_problems[sample.problem_id]
            if pool is not None and (not waiting.expected or self._is_idle(progress.first_sample)):
                self._submit(pool, waiting.problem, waiting.samples, progress)
                waiting.samples = []
            self._stop_early(progress)

    def _requests(
        self, draw: Draw, there: Mapping[str, int], open_problems: dict[str, "_Open"], progress: Progress
    ) -> Iterator[Request]:
        for problem in draw.problems():
            missing = tuple(i for i in range(draw.n_of(problem)) if not there.get(problem.id, 0) >> i & 1)
            if not missing:
                continue
            self._wait_for_room()
            open_problems[problem.id] = _Open(problem, len(missing))
            progress.requested += len(missing)
            seeds = tuple(derive_seed(draw.seed, draw.round, problem.id, index) for index in missing)
            yield Request(problem.id, draw.render(problem), draw.round, missing, seeds, draw.params)

    def _is_idle(self, first_sample: float) -> bool:
        """Whether the checkers have had nothing to do for a while, so that a part of a problem's samples is welcome."""
        return not self._backlog and monotonic() - max(first_sample, self._submitted) > EARLY_LOOK_S

    def _submit(self, pool: ThreadPoolExecutor, problem: Problem, samples: list[Sample], progress: Progress) -> None:
        with self._room:
            self._backlog += len(samples)
        self._submitted = monotonic()
        future = pool.submit(self._judge_and_store, problem, samples, progress)

        def finished(future: Future[None]) -> None:
            with self._room:
                self._backlog -= len(samples)
                if not future.cancelled() and future.exception() is not None:
                    self._faults.append(future)
                self._room.notify_all()

        future.add_done_callback(finished)

    # -- judging

    def _verify(self, problems: Iterable[Problem], progress: Progress, again_unjudged: bool = False) -> None:
        todo = self._unjudged_masks(again_unjudged or self._too_many_unjudged(progress.outcomes))
        if todo:
            with verifying(self.config.workers, patient=True) as pool:
                for found in self.folder.groups(problems, self.verifier_ids):
                    samples = [s for s in found.samples if todo.get(found.problem.id, 0) >> s.index & 1]
                    if samples:
                        self._forget(found, samples, progress)
                        self._wait_for_room()
                        self._submit(pool, found.problem, samples, progress)
            self._raise_faults()
        self._stop_if_unjudged(progress.outcomes)

    def _unjudged_masks(self, redo_unjudged: bool) -> dict[str, int]:
        """Problem id -> bit mask of the samples that are to be judged."""
        tallies, todo = self.folder.tallies(self.verifier_ids), {}
        for problem_id, sampled in self.folder.sampled().items():
            tally = tallies.get(problem_id, Tally())
            judged = tally.judged & ~(tally.unjudged if redo_unjudged else 0)
            if missing := sampled & ~judged:
                todo[problem_id] = missing
        return todo

    def _forget(self, found: Group, samples: list[Sample], progress: Progress) -> None:
        """Takes the old verdicts of samples that are judged again out of the counts."""
        with self._room:
            for sample in samples:
                if sample.index in found.verdicts:
                    progress.outcomes[found.verdicts[sample.index].outcome] -= 1

    def _wait_for_room(self) -> None:
        with self._room:
            self._room.wait_for(lambda: self._backlog <= self.config.max_backlog)

    def _judge_and_store(self, problem: Problem, samples: list[Sample], progress: Progress) -> None:
        verdicts = judge(problem, samples, self.verifiers[problem.verifier], self.config.retries)
        of_index = zip((sample.index for sample in samples), verdicts, strict=True)
        self.folder.add_verdicts(problem.id, dict(of_index))
        with self._room:
            for counts in (progress.outcomes, progress.fresh):
                counts.update(verdict.outcome for verdict in verdicts)

    def _outcomes(self) -> Counter[Outcome]:
        counts: Counter[Outcome] = Counter()
        for tally in self.folder.tallies(self.verifier_ids).values():
            counts.update({outcome: tally.count(outcome) for outcome in tally.masks})
        return counts

    def _raise_faults(self) -> None:
        for future in self._faults:
            future.result()

    def _too_many_unjudged(self, outcomes: Counter[Outcome]) -> bool:
        return outcomes[Outcome.UNJUDGED] > self.config.max_unjudged * outcomes.total()

    def _stop_early(self, progress: Progress) -> None:
        self._raise_faults()
        # only what this process saw: an earlier one's cause may be mended, and its samples are judged anew at the end
        if progress.fresh.total() >= EARLY_ALARM:
            self._stop_if_unjudged(progress.fresh)

    def _stop_if_unjudged(self, outcomes: Counter[Outcome]) -> None:
        if self._too_many_unjudged(outcomes):
            n, total = outcomes[Outcome.UNJUDGED], outcomes.total()
            raise UnjudgedError(
                f"{n} of {total} samples ({n / total:.1%}) could not be judged; verify.max_unjudged allows "
                f"{self.config.max_unjudged:.1%}. Their reasons are in {self.folder.path / 'verdicts'}; mend the cause "
                "and run the same command again: they are judged anew, nothing is sampled again"
            )


@dataclass
class _Open:
    """A problem some of whose samples are still to come."""

    problem: Problem
    expected: int
    """Samples that have not come yet."""
    samples: list[Sample] = field(default_factory=list)
    """Those that have come and wait to be judged together."""


def verdict_ids(verifiers: Mapping[str, Verifier]) -> list[str]:
    """Returns the ids under which the verdicts of these verifiers are stored, each once."""
    return sorted({verifier.id for verifier in verifiers.values()})
