"""The E-step: every sample once, judged once, whatever stops it; the engine never waits for a checker."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rft.config.schema import VerifyConfig
from rft.errors import RunError, UnjudgedError
from rft.report.progress import Silent
from rft.rounds.estep import Draw, EStep
from rft.store.stage import StageFolder
from rft.testing import FakeSampler
from rft.types import (
    Outcome,
    Problem,
    Reason,
    Request,
    Sample,
    SamplingParams,
    Verdict,
)

PROBLEMS = [Problem(f"p/{i}", f"question {i}", "parity", str(i % 2), "t", "train") for i in range(10)]


@dataclass
class Parity:
    """Calls a completion correct when its number has the parity that the reference names."""

    id: str = "parity-1"
    seen: list[str] = field(default_factory=list)
    broken: Callable[[str], bool] = lambda completion: False
    gate: threading.Event | None = None

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        if self.gate is not None:
            assert self.gate.wait(20)
        self.seen += [f"{problem.id}:{completion}" for completion in completions]
        return [self._one(problem, completion) for completion in completions]

    def _one(self, problem: Problem, completion: str) -> Verdict:
        if self.broken(completion):
            return Verdict(Outcome.UNJUDGED, self.id, Reason.VERIFIER_ERROR)
        right = int(completion) % 2 == int(problem.reference)
        return Verdict(Outcome.CORRECT if right else Outcome.INCORRECT, self.id, extracted=completion)

    def close(self) -> None:
        pass


def draw(n: int = 4, problems: list[Problem] = PROBLEMS) -> Draw:
    ids = [problem.id for problem in problems]
    return Draw(lambda: problems, lambda: ids, lambda p: str(p.prompt), n, SamplingParams(), round=0, seed=0)


def estep(path: Path, verifier: Parity, config: VerifyConfig | None = None) -> EStep:
    return EStep(StageFolder(path), {"parity": verifier}, config or VerifyConfig(), Silent())


def keys(path: Path) -> list[tuple[str, int]]:
    groups = StageFolder(path).groups(PROBLEMS, ["parity-1"])
    return sorted((g.problem.id, s.index) for g in groups for s in g.samples)


EVERY = sorted((p.id, i) for p in PROBLEMS for i in range(4))


def test_every_sample_is_drawn_and_judged_exactly_once(tmp_path: Path) -> None:
    verifier = Parity()
    progress = estep(tmp_path, verifier).run(draw(), FakeSampler())
    assert keys(tmp_path) == EVERY
    assert len(verifier.seen) == len(set(verifier.seen)) == 40
    assert progress.outcomes == {Outcome.CORRECT: 20, Outcome.INCORRECT: 20}


def test_a_slow_problem_is_judged_in_parts_so_that_verdicts_are_seen_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rft.rounds.estep.EARLY_LOOK_S", -1.0)  # the checkers have been idle for long enough
    judged = threading.Event()

    class Tells(Parity):
        def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
            judged.set()
            return super().verify(problem, completions)

    class WaitsForAVerdict(FakeSampler):
        def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
            for n, sample in enumerate(super().sample(requests)):
                assert n == 0 or judged.wait(20)
                yield sample

    verifier = Tells()
    progress = estep(tmp_path, verifier).run(draw(problems=PROBLEMS[:1]), WaitsForAVerdict())
    assert sorted(verifier.seen) == ["p/0:0", "p/0:1", "p/0:2", "p/0:3"]
    assert progress.judged == 4


def test_an_engine_that_fails_loses_nothing_and_the_next_call_draws_only_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the engine is gone"):
        estep(tmp_path, Parity()).run(draw(), FakeSampler(stop_after=17))
    assert len(keys(tmp_path)) == 17
    again, verifier = FakeSampler(), Parity()
    estep(tmp_path, verifier).run(draw(), again)
    assert again.n_written == 23
    assert keys(tmp_path) == EVERY
    tallies = StageFolder(tmp_path).tallies(["parity-1"])
    assert all(tally.judged == 0b1111 for tally in tallies.values())


def test_nothing_left_to_do_touches_neither_engine_nor_checker(tmp_path: Path) -> None:
    estep(tmp_path, Parity()).run(draw(), FakeSampler())
    sampler, verifier = FakeSampler(), Parity()
    estep(tmp_path, verifier).run(draw(), sampler)
    assert (sampler.asked, verifier.seen) == ([], [])


def test_a_larger_n_tops_up(tmp_path: Path) -> None:
    estep(tmp_path, Parity()).run(draw(4), FakeSampler())
    sampler = FakeSampler()
    estep(tmp_path, Parity()).run(draw(6), sampler)
    assert {request.indices for request in sampler.asked} == {(4, 5)}


def test_every_sample_of_a_run_has_a_seed_of_its_own(tmp_path: Path) -> None:
    sampler = FakeSampler()
    estep(tmp_path, Parity()).run(draw(), sampler)
    seeds = [seed for request in sampler.asked for seed in request.seeds]
    assert len(set(seeds)) == 40


def test_truncated_samples_are_not_shown_to_the_verifier(tmp_path: Path) -> None:
    verifier = Parity()
    progress = estep(tmp_path, verifier).run(draw(), FakeSampler(truncated=lambda request, index: index == 3))
    assert progress.outcomes[Outcome.TRUNCATED] == 10
    assert not any(seen.endswith(":3") for seen in verifier.seen)


def test_an_unjudged_sample_is_judged_again_and_then_counted(tmp_path: Path) -> None:
    verifier = Parity(broken=lambda completion: completion == "2")
    config = VerifyConfig(retries=2, max_unjudged=0.5)
    progress = estep(tmp_path, verifier, config).run(draw(), FakeSampler())
    assert progress.outcomes[Outcome.UNJUDGED] == 10
    assert verifier.seen.count("p/0:2") == 3
    assert progress.pass_at_1 == pytest.approx(15 / 30)


def test_too_many_unjudged_samples_stop_the_run_and_are_judged_anew_without_sampling(tmp_path: Path) -> None:
    broken = Parity(broken=lambda completion: completion == "2")
    with pytest.raises(UnjudgedError, match=r"10 of 40 samples \(25.0%\) could not be judged"):
        estep(tmp_path, broken).run(draw(), FakeSampler())
    sampler, mended = FakeSampler(), Parity()
    progress = estep(tmp_path, mended).run(draw(), sampler)
    assert sampler.asked == []
    assert progress.outcomes[Outcome.UNJUDGED] == 0
    assert sorted(mended.seen) == [f"{p.id}:2" for p in PROBLEMS]


def test_a_mended_cause_is_not_held_against_the_next_attempt(tmp_path: Path) -> None:
    many = [Problem(f"p/{i}", "q", "parity", "0", "t", "train") for i in range(100)]
    broken = Parity(broken=lambda completion: True)
    with pytest.raises(UnjudgedError):
        estep(tmp_path, broken).run(draw(3, many), FakeSampler())
    progress = estep(tmp_path, Parity()).run(draw(4, many), FakeSampler())
    assert progress.outcomes == {Outcome.CORRECT: 200, Outcome.INCORRECT: 200, Outcome.UNJUDGED: 0}


def test_a_checker_that_hangs_does_not_keep_samples_from_the_disk(tmp_path: Path) -> None:
    verifier, sampler = Parity(gate=threading.Event()), FakeSampler()
    assert verifier.gate is not None
    thread = threading.Thread(target=estep(tmp_path, verifier).run, args=(draw(), sampler))
    thread.start()
    deadline = time.monotonic() + 20
    while sampler.n_written < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sampler.n_written == 40
    assert verifier.seen == []
    verifier.gate.set()
    thread.join()
    assert len(verifier.seen) == 40


def test_new_requests_pause_while_the_backlog_is_full(tmp_path: Path) -> None:
    verifier, sampler = Parity(gate=threading.Event()), FakeSampler()
    assert verifier.gate is not None
    thread = threading.Thread(target=estep(tmp_path, verifier, VerifyConfig(max_backlog=8)).run, args=(draw(), sampler))
    thread.start()
    time.sleep(0.5)
    assert sampler.n_written == 12  # two problems wait, a third came when the backlog was just full
    verifier.gate.set()
    thread.join()
    assert sampler.n_written == 40


def test_stored_samples_are_judged_without_an_engine(tmp_path: Path) -> None:
    estep(tmp_path, Parity()).run(draw(), FakeSampler(), judge=False)
    assert StageFolder(tmp_path).tallies(["parity-1"]) == {}
    progress = estep(tmp_path, Parity()).verify(PROBLEMS)
    assert (progress.judged, progress.outcomes[Outcome.CORRECT]) == (40, 20)


def test_another_verifier_judges_the_same_samples_beside_the_first(tmp_path: Path) -> None:
    estep(tmp_path, Parity()).run(draw(), FakeSampler())
    sampler = FakeSampler()
    estep(tmp_path, Parity(id="parity-2")).run(draw(), sampler)
    assert sampler.asked == []
    assert sorted(p.name for p in (tmp_path / "verdicts").iterdir()) == ["parity-1", "parity-2"]


def test_a_fault_in_a_checker_is_raised_not_swallowed(tmp_path: Path) -> None:
    class Faulty(Parity):
        def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
            raise ZeroDivisionError("a bug of ours")

    with pytest.raises(ZeroDivisionError, match="a bug of ours"):
        estep(tmp_path, Faulty()).run(draw(), FakeSampler())
    assert keys(tmp_path)
