"""Proves a task without a model: references pass; empty, answerless and wrong completions fail.

A run on a task whose references its verifier cannot read measures nothing, and one whose verifier takes any answer
trains on noise. Both show here, in seconds, before a GPU is spent. Problems stream through; what stays in memory is a
digest per problem and a bounded number of findings.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import assert_never

from rft.errors import short
from rft.judging.judge import judge
from rft.judging.probes import PROVERS, Probe, Prover, Tried, comparable, probes
from rft.types import JSON, Outcome, Problem, Prompt, Reason, Verdict, Verifier

MAX_FINDINGS = 200
"""Findings that are kept in words; all are counted."""
N_EARLIER = 32
"""Earlier references that are kept per kind of verifier, to make wrong answers of."""


@dataclass(frozen=True, slots=True)
class TaskFinding:
    """Something that does not hold."""

    problem_id: str
    tried: str
    """A value of ``Tried``, or "id", "prompt", "verifier" for what was found without asking the verifier."""
    completion: str
    """What was put to the verifier, shortened."""
    saw: str
    """What came back, in words."""

    def __str__(self) -> str:
        shown = f" {self.completion!r}" if self.completion else ""
        return f"{self.problem_id}: {self.tried}{shown}: {self.saw}"


@dataclass(slots=True)
class CheckReport:
    """What came out of a check; ``passed`` says whether the task can be used."""

    n_problems: int = 0
    tried: Counter[str] = field(default_factory=Counter)
    """How often each ``Tried`` was put to a verifier."""
    held: Counter[str] = field(default_factory=Counter)
    """How often the verdict was the one that it should be."""
    n_unproved: int = 0
    """Problems whose verifier has no prover: nothing was tried on them."""
    n_duplicates: int = 0
    """Problems that repeat an earlier prompt with the same reference; harmless, but worth knowing."""
    n_findings: int = 0
    """All findings, kept in words or not; those on worked solutions are not among them."""
    findings: list[TaskFinding] = field(default_factory=list)
    """The first ones, at most MAX_FINDINGS."""
    solution_findings: list[TaskFinding] = field(default_factory=list)
    """Worked solutions that were not judged correct, at most MAX_FINDINGS in words: they do not make a task fail."""

    @property
    def n_solutions_failed(self) -> int:
        """Worked solutions that were not judged correct."""
        return self.tried[Tried.SOLUTION] - self.held[Tried.SOLUTION]

    @property
    def passed(self) -> bool:
        """True when there were problems, all could be proved, and nothing was found."""
        return self.n_problems > 0 and self.n_unproved == 0 and self.n_findings == 0

    def why_not(self) -> str:
        """Returns in words why the task cannot be used; the first finding is among them."""
        parts = [f"{self.n_findings} findings"] if self.n_findings else []
        if self.n_unproved:
            parts.append(f"{self.n_unproved} problems could not be proved")
        first = f" (the first: {self.findings[0]})" if self.findings else ""
        return ", ".join(parts) + first

    def to_json(self) -> dict[str, JSON]:
        """Returns the whole report as JSON values; each kind of probe has its count and how many held."""
        return {
            "passed": self.passed,
            "problems": self.n_problems,
            "tried": {str(kind): {"n": n, "held": self.held[kind]} for kind, n in self.tried.items()},
            "unproved": self.n_unproved,
            "duplicates": self.n_duplicates,
            "n_findings": self.n_findings,
            "findings": [str(finding) for finding in self.findings],
            "n_solutions_failed": self.n_solutions_failed,
            "solutions_failed": [str(finding) for finding in self.solution_findings],
        }

    def add(self, finding: TaskFinding) -> None:
        """Counts a finding and keeps it while there is room."""
        if finding.tried == Tried.SOLUTION:
            kept = self.solution_findings
        else:
            kept = self.findings
            self.n_findings += 1
        if len(kept) < MAX_FINDINGS:
            kept.append(finding)


def check_task(
    problems: Iterable[Problem], verifier_for: Callable[[str], Verifier], limit: int | None = None
) -> CheckReport:
    """Puts right and wrong completions of every problem to its verifier and reports what does not hold.

    Args:
        problems: the task's problems; taken one at a time.
        verifier_for: gives the verifier of a name; asked once per name; the caller closes it.
        limit: look at the first so many only.

    Raises:
        InputError: the task's data is malformed, or a verifier is unknown or cannot be built.
    """
    report = CheckReport()
    seen = _Seen()
    verifiers: dict[str, Verifier] = {}
    earlier: dict[str, deque[JSON]] = {}
    for problem in islice(problems, limit):
        report.n_problems += 1
        seen.note(problem, report)
        name = problem.verifier
        if name not in verifiers:
            verifiers[name] = verifier_for(name)
            earlier[name] = deque(maxlen=N_EARLIER)
        if name not in PROVERS:
            report.n_unproved += 1
            if report.n_unproved == 1:
                known = ", ".join(sorted(PROVERS))
                report.add(TaskFinding(problem.id, "verifier", "", f"'{name}' cannot be proved; known: {known}"))
            continue
        if doubt := PROVERS[name].doubt(problem):
            report.add(TaskFinding(problem.id, Tried.REFERENCE, "", doubt))
        tries = list(probes(problem, PROVERS[name], earlier[name]))
        if _judge(problem, tries, verifiers[name], report):
            _judge_singles(problem, PROVERS[name], verifiers[name], report)
        earlier[name].append(problem.reference)
    return report


def _judge(problem: Problem, tries: list[Probe], verifier: Verifier, report: CheckReport) -> bool:
    """Puts the probes to the verifier; says whether its reference can be used at all."""
    if not any(probe.tried is Tried.REFERENCE for probe in tries):
        saw = f"{PROVERS[problem.verifier].nothing_right}: {_seen(repr(problem.reference))}"
        report.add(TaskFinding(problem.id, Tried.REFERENCE, "", saw))
        return False
    verdicts = judge(problem, [probe.completion for probe in tries], verifier)
    unread = next((verdict for verdict in verdicts if verdict.reason is Reason.BAD_REFERENCE), None)
    if unread is not None:  # nothing more can be said of this problem
        report.tried[Tried.REFERENCE] += 1
        report.add(TaskFinding(problem.id, Tried.REFERENCE, _seen(str(problem.reference)), _describe(unread)))
        return False
    for probe, verdict in zip(tries, verdicts, strict=True):
        report.tried[probe.tried] += 1
        if _holds(probe, verdict):
            report.held[probe.tried] += 1
        else:
            report.add(TaskFinding(problem.id, probe.tried, _seen(probe.completion), _describe(verdict)))
    return True


def _judge_singles(problem: Problem, prover: Prover, verifier: Verifier, report: CheckReport) -> None:
    """Puts programs that solve nothing to each test alone: one that refuses none of them can never fail."""
    for number, single in enumerate(prover.singles(problem), 1):
        report.tried[Tried.SINGLE] += 1
        verdicts = judge(single.problem, single.completions, verifier)
        if any(verdict.outcome is Outcome.INCORRECT for verdict in verdicts):
            report.held[Tried.SINGLE] += 1
        else:
            report.add(
                TaskFinding(problem.id, Tried.SINGLE, f"test {number}", f"cannot fail: {_describe(verdicts[0])}")
            )


def _holds(probe: Probe, verdict: Verdict) -> bool:
    match verdict.outcome:
        case Outcome.CORRECT:
            return probe.should_be_correct
        case Outcome.INCORRECT | Outcome.TRUNCATED:
            return not probe.should_be_correct
        case Outcome.UNJUDGED:
            return False
        case _:
            assert_never(verdict.outcome)


def _describe(verdict: Verdict) -> str:
    said = ", ".join(part for part in (verdict.outcome, verdict.reason, verdict.detail) if part)
    return said if verdict.extracted is None else f"{said}; extracted {_seen(verdict.extracted)!r}"


@dataclass(slots=True)
class _Seen:
    """Which ids and prompts have come: digests only."""

    ids: set[bytes] = field(default_factory=set)
    prompts: dict[bytes, bytes] = field(default_factory=dict)
    """Digest of the prompt -> digest of its reference."""

    def note(self, problem: Problem, report: CheckReport) -> None:
        problem_id, prompt = _digest(problem.id), _digest(_normal(problem.prompt))
        reference = _digest(comparable(problem.reference))
        if problem_id in self.ids:
            report.add(TaskFinding(problem.id, "id", "", "an earlier problem has the same id"))
        if self.prompts.get(prompt, reference) != reference:
            saw = f"an earlier problem has the same prompt and another reference than {problem.reference!r}"
            report.add(TaskFinding(problem.id, "prompt", "", _seen(saw)))
        elif prompt in self.prompts:
            report.n_duplicates += 1
        self.ids.add(problem_id)
        self.prompts.setdefault(prompt, reference)


def _normal(prompt: Prompt) -> str:
    text = prompt if isinstance(prompt, str) else "\n".join(f"{turn['role']}: {turn['content']}" for turn in prompt)
    return " ".join(text.split())


def _seen(text: str) -> str:
    return short(text, 160, end=60)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
