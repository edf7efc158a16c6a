"""The piece that asks verifiers: in order, each problem once, truncated apart, unjudged again, in bounded memory."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from rft.errors import RunError
from rft.judging import judge as module
from rft.judging.judge import judge, judge_all, neighbours
from rft.types import JSON, FinishReason, Outcome, Problem, Reason, Sample, Verdict


def problem(number: int, reference: JSON = "1", **metadata: JSON) -> Problem:
    return Problem(f"p/{number}", "?", "own", reference, "own", "train", metadata)


def sample(of: Problem, text: str = "yes", cut: bool = False) -> Sample:
    return Sample(of.id, 0, 0, text, 1, FinishReason.LENGTH if cut else FinishReason.STOP, "file", None)


def says(problem: Problem, text: str) -> Verdict:
    return Verdict(Outcome.CORRECT if text == "yes" else Outcome.INCORRECT, "own-1")


@dataclass
class Scripted:
    """A verifier that judges by a function and keeps what it was asked."""

    judge: Callable[[Problem, str], Verdict] = says
    id: str = "own-1"
    calls: list[list[str]] = field(default_factory=list)

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        self.calls.append(list(completions))
        return [self.judge(problem, text) for text in completions]

    def close(self) -> None:
        return


def test_texts_and_samples_are_judged_in_one_call_and_the_truncated_are_not_asked_about() -> None:
    asked, verifier = problem(1), Scripted()
    verdicts = judge(asked, ["no", sample(asked, "yes", cut=True), sample(asked, "yes")], verifier)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.INCORRECT, Outcome.TRUNCATED, Outcome.CORRECT]
    assert verifier.calls == [["no", "yes"]]


@pytest.mark.parametrize(("reason", "calls"), [(Reason.SANDBOX_ERROR, 3), (Reason.BAD_REFERENCE, 1)])
def test_the_unjudged_alone_are_asked_again_unless_the_reference_is_bad(reason: Reason, calls: int) -> None:
    def fails(problem: Problem, text: str) -> Verdict:
        return Verdict(Outcome.UNJUDGED, "own-1", reason) if text == "fails" else says(problem, text)

    verifier = Scripted(fails)
    assert judge(problem(1), ["fails", "yes"], verifier, retries=2)[0].reason is reason
    assert verifier.calls == [["fails", "yes"], *[["fails"]] * (calls - 1)]


def test_neighbours_that_are_judged_alike_come_together() -> None:
    problems = [
        problem(1, "1"),
        problem(2, "1"),
        problem(3, 1),
        problem(4, 1.0),
        problem(5, True),
        problem(6, "1", a=1),
    ]
    groups = list(neighbours((each, sample(each)) for each in problems))
    assert [[each.problem_id for each in samples] for _, samples in groups] == [
        ["p/1", "p/2"],
        *[[f"p/{n}"] for n in (3, 4, 5, 6)],
    ]
    assert [len(samples) for _, samples in neighbours(((problems[0], sample(problems[0])),) * 5, most=2)] == [2, 2, 1]
    assert list(neighbours([])) == []


def test_verdicts_come_in_the_order_of_the_samples_whoever_is_ready_first() -> None:
    """The first group is held back until the last one has been judged."""
    last_is_done = threading.Event()

    def slow(problem: Problem, text: str) -> Verdict:
        if problem.id == "p/0":
            assert last_is_done.wait(30)
        if problem.id == "p/9":
            last_is_done.set()
        return says(problem, text)

    problems = [problem(number, str(number)) for number in range(10)]
    judged = judge_all([(each, [sample(each)] * 2) for each in problems], lambda name: Scripted(slow), workers=2)
    assert [each.sample.problem_id for each in judged] == [each.id for each in problems for _ in range(2)]


def test_groups_are_taken_only_as_fast_as_verdicts_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 10)
    n_taken = 0

    def groups() -> Iterator[tuple[Problem, list[Sample]]]:
        nonlocal n_taken
        for number in range(1000):
            n_taken += 1
            yield problem(number, str(number)), [sample(problem(number))] * 3

    judged = judge_all(groups(), lambda name: Scripted(), workers=2)
    for n_used in range(1, 100):
        next(judged)
        assert 3 * n_taken <= n_used + 10 + 2 * 3
    assert sum(1 for _ in judged) == 3000 - 99


def test_a_failure_ends_the_stream_and_drops_what_has_not_begun() -> None:
    def breaks(problem: Problem, text: str) -> Verdict:
        raise RunError("broken")

    judged = judge_all([(problem(n, str(n)), [sample(problem(n))]) for n in range(50)], lambda _: Scripted(breaks), 1)
    with pytest.raises(RunError, match="broken"):
        next(judged)
