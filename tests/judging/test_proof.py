"""The proof of a task: a good one passes, and every way of being bad is found."""

import json
import os
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pytest

from rft.errors import InputError, unknown
from rft.judging.probes import NO_ANSWER, Tried
from rft.judging.proof import MAX_FINDINGS, CheckReport, check_task
from rft.registry import build, load
from rft.tasks.arithmetic import Arithmetic
from rft.tasks.gsm8k import Gsm8k
from rft.tasks.math import Math
from rft.types import JSON, Outcome, Problem, Reason, Verdict, Verifier
from rft.verifiers import VERIFIERS


def boxed(text: str) -> str | None:
    return text.split("\\boxed{")[-1].split("}")[0] if "\\boxed{" in text else None


def exact(problem: Problem, completion: str) -> Verdict:
    answer = boxed(completion)
    if answer == problem.reference:
        return Verdict(Outcome.CORRECT, "toy", extracted=answer)
    return Verdict(Outcome.INCORRECT, "toy", Reason.WRONG_ANSWER if answer else Reason.NO_ANSWER, answer)


@dataclass
class Toy:
    """A verifier that judges by a function: small enough to be broken on purpose."""

    judge: Callable[[Problem, str], Verdict] = exact
    id: str = "toy"
    calls: list[Sequence[str]] = field(default_factory=list)

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        self.calls.append(completions)
        return [self.judge(problem, completion) for completion in completions]

    def close(self) -> None:
        return


def problem(number: int, reference: JSON = None, **metadata: JSON) -> Problem:
    reference = str(number) if reference is None else reference
    return Problem(f"own/{number}", f"What is {number} + 0?", "math", reference, "own", "train", metadata)


def check(problems: Sequence[Problem], judge: Callable[[Problem, str], Verdict] = exact) -> CheckReport:
    return check_task(problems, lambda name: Toy(judge))


def tried(report: CheckReport) -> list[tuple[str, str]]:
    return [(finding.problem_id, finding.tried) for finding in report.findings]


def test_a_good_task_passes_and_says_what_was_tried() -> None:
    report = check([problem(number) for number in range(1, 11)])
    assert report.passed
    assert report.findings == []
    assert report.tried == report.held
    assert report.to_json()["tried"]["reference"] == {"n": 10, "held": 10}
    assert report.tried == {"reference": 10, "empty": 10, "no answer": 10, "wrong answer": 20, Tried.OTHER: 9}


def test_no_problems_prove_nothing() -> None:
    assert not check([]).passed


@pytest.mark.parametrize(
    ("lenient", "found"),
    [
        (lambda text: text == "", Tried.EMPTY),
        (lambda text: text == NO_ANSWER, Tried.NO_ANSWER),
        (lambda text: boxed(text) == "8", Tried.WRONG),
        (lambda text: boxed(text) == "5", Tried.OTHER),
    ],
)
def test_a_verifier_that_takes_what_it_should_not_is_found(lenient: Callable[[str], bool], found: str) -> None:
    def judge(problem: Problem, completion: str) -> Verdict:
        if problem.id == "own/7" and lenient(completion):
            return Verdict(Outcome.CORRECT, "toy", extracted="8")
        return exact(problem, completion)

    report = check([problem(5), problem(7)], judge)
    assert not report.passed
    assert tried(report) == [("own/7", found)]
    assert report.findings[0].saw == "correct; extracted '8'"
    told = json.loads(json.dumps(report.to_json()))
    assert (told["passed"], told["n_findings"]) == (False, 1)
    assert told["findings"] == [str(report.findings[0])]


def test_a_verifier_that_refuses_the_reference_is_found() -> None:
    report = check([problem(7)], lambda problem, _: Verdict(Outcome.INCORRECT, "toy", Reason.WRONG_ANSWER))
    assert tried(report) == [("own/7", "reference")]
    assert "\\boxed{7}" in str(report.findings[0])
    assert "incorrect, wrong_answer" in str(report.findings[0])


def test_a_verifier_that_fails_is_not_one_that_says_no() -> None:
    report = check([problem(7)], lambda problem, _: Verdict(Outcome.UNJUDGED, "toy", Reason.VERIFIER_ERROR))
    assert [found for _, found in tried(report)] == ["reference", "empty", "no answer", "wrong answer", "wrong answer"]


def test_a_reference_that_is_not_understood_is_one_finding() -> None:
    report = check([problem(7)], lambda *_: Verdict(Outcome.UNJUDGED, "toy", Reason.BAD_REFERENCE, detail="no number"))
    assert tried(report) == [("own/7", "reference")]
    assert report.findings[0].saw == "unjudged, bad_reference, no number"


def test_a_reference_of_which_no_answer_can_be_made_is_a_finding() -> None:
    report = check([problem(7, {"tests": []})])
    assert tried(report) == [("own/7", "reference")]
    assert not report.passed


def test_a_failing_solution_is_told_apart_and_does_not_fail_the_task() -> None:
    report = check([problem(7, solution="It is \\boxed{7}."), problem(8, solution="It is \\boxed{9}.")])
    assert report.passed
    assert report.n_solutions_failed == 1
    assert [finding.problem_id for finding in report.solution_findings] == ["own/8"]


def test_prompts_that_repeat_are_counted_and_conflicts_are_findings() -> None:
    first = problem(7)
    same = replace(first, id="own/same", prompt="What  is 7\n+ 0?", reference="7.0")
    report = check([first, same, replace(first, id="own/conflict", reference="70")], lambda p, c: exact(first, c))
    assert report.n_duplicates == 1
    assert ("own/conflict", "prompt") in tried(report)
    assert ("own/same", "prompt") not in tried(report)


def test_ids_that_repeat_are_findings() -> None:
    report = check([problem(7), replace(problem(8), id="own/7")])
    assert tried(report) == [("own/7", "id")]


def test_a_verifier_without_a_prover_is_reported_once_and_counted() -> None:
    odd = [replace(problem(number), verifier="taste") for number in range(3)]
    report = check_task([problem(9), *odd], lambda name: Toy())
    assert report.n_unproved == 3
    assert tried(report) == [("own/0", "verifier")]
    assert report.findings[0].saw == "'taste' cannot be proved; known: choice, code, exact, math"
    assert not report.passed


def test_problems_are_taken_one_at_a_time_and_no_more_than_the_limit() -> None:
    def endless() -> Iterator[Problem]:
        yield from (problem(number) for number in range(3))
        raise AssertionError("a fourth was taken")

    toy = Toy()
    assert check_task(endless(), lambda name: toy, limit=3).n_problems == 3
    assert len(toy.calls) == 3


def test_memory_is_bounded_when_everything_is_found() -> None:
    """Findings are counted beyond those kept; 4,000 problems of 20 kB each leave next to nothing behind."""
    many = (replace(problem(number), prompt=f"{number}{'x' * 20_000}") for number in range(4000))
    tracemalloc.start()
    report = check_task(many, lambda name: Toy(lambda *_: Verdict(Outcome.INCORRECT, "toy")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.n_findings == 4000
    assert len(report.findings) == MAX_FINDINGS
    assert peak < 8_000_000


@pytest.fixture(scope="module")
def math_verifier() -> Iterator[Verifier]:
    verifier: Verifier = build("verifier", "math", load("verifier", "math", VERIFIERS), {})
    yield verifier
    verifier.close()


def test_arithmetic_is_proved(math_verifier: Verifier) -> None:
    task = Arithmetic(n_problems=200, digits=3, terms=3, operations=("+", "-", "*"))
    report = check_task(task.problems("train"), lambda name: math_verifier)
    assert report.findings == []
    assert report.passed


@pytest.mark.parametrize("split", ["train", "test"])
def test_gsm8k_is_proved(math_verifier: Verifier, split: str) -> None:
    report = check_task(Gsm8k().problems(split), lambda name: math_verifier, limit=200)
    assert report.findings == []
    assert report.passed
    assert report.held[Tried.SOLUTION] == 200


def test_math_is_proved(math_verifier: Verifier) -> None:
    path = Path(os.environ.get("RFT_DATA", "")) / "math" / "test_half.jsonl.gz"
    if "RFT_DATA" not in os.environ or not path.is_file():
        pytest.skip("RFT_DATA names no folder with math/test_half.jsonl.gz")
    problems = islice(Math(source=str(path)).problems("train"), 150)
    report = check_task(problems, lambda name: math_verifier)
    assert [str(finding) for finding in report.findings] == []


def test_an_unknown_verifier_is_an_input_error() -> None:
    def nothing(name: str) -> Verifier:
        raise unknown("verifier", name, VERIFIERS)

    with pytest.raises(InputError, match="unknown verifier 'math'"):
        check_task([problem(1)], nothing)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("huh?", "'huh?' holds a question mark, so it is not an answer"),
        (["4", "x = ?"], "'x = ?' holds a question mark, so it is not an answer"),
        (r"\frac{1}{2", "do not match"),
        ("...", "'...' holds neither a letter nor a digit"),
    ],
)
def test_a_reference_that_is_surely_no_answer_is_found(reference: JSON, message: str) -> None:
    verifier = build("verifier", "math", load("verifier", "math", VERIFIERS), {})
    report = check_task([problem(1, reference)], lambda name: verifier)
    assert not report.passed
    assert any(message in finding.saw for finding in report.findings)


@pytest.mark.parametrize("reference", ["Monday", r"\left\{1, 2\right\}", "∅", "$-3$", r"\{1,2\}", r"[0,1)", "x!"])
def test_words_sets_and_signs_of_mathematics_are_answers(reference: str) -> None:
    verifier = build("verifier", "math", load("verifier", "math", VERIFIERS), {})
    assert check_task([problem(1, reference)], lambda name: verifier).findings == []


def test_code_without_a_solution_is_said_to_be_unproved() -> None:
    reference = {"entry_point": "add", "tests": "assert add(1, 2) == 3"}
    report = check_task([replace(problem(1, reference), verifier="code")], lambda name: Toy())
    assert "it has no 'solution'" in report.findings[0].saw
    assert "no 'solution'" in report.why_not()
