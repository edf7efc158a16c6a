"""``rft cross``: every completion is judged twice, and each difference is told once, whatever it holds."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft.errors import InputError, RunError
from rft.judging import cross
from rft.judging.candidates import Candidate, from_file, from_task
from rft.judging.cross import MAX_SHOWN, CheckerComparison, Kind, compare, kind_of
from rft.judging.math_verify_program import EvaluationRefusedError, arithmetic
from rft.judging.second_opinion import Opinion, SecondOpinion
from rft.tasks.arithmetic import Arithmetic
from rft.types import Outcome, Problem, Reason, Verdict
from rft.verifiers.math.verifier import MathVerifier

TOWER = r"It is \boxed{9^{9^{9^{9}}}}."


class Scripted(SecondOpinion):
    """Says what a completion's last word says; no process is started."""

    def ask(self, candidates: Sequence[Candidate]) -> Iterator[Opinion]:
        for candidate in candidates:
            word = candidate.completion.split()[-1]
            yield Opinion(word == "yes", word, "failed: on purpose" if word == "fails" else None)


def candidate(reference: str, completion: str, **changes: Any) -> Candidate:
    problem = Problem("p", "?", changes.pop("verifier", "math"), reference, "own", "test")
    return Candidate(changes.pop("id", "p"), problem, completion, **changes)


def compared(*candidates: Candidate | None, out: Path | None = None) -> CheckerComparison:
    return compare(candidates, MathVerifier(), Scripted(), out)


@pytest.fixture(scope="module")
def second() -> Iterator[SecondOpinion]:
    with SecondOpinion() as second:
        yield second


@pytest.mark.parametrize(
    ("outcome", "opinion", "kind"),
    [
        (Outcome.CORRECT, Opinion(True, "1"), Kind.BOTH_CORRECT),
        (Outcome.INCORRECT, Opinion(False, "1"), Kind.BOTH_INCORRECT),
        (Outcome.CORRECT, Opinion(False, "1"), Kind.ONLY_OURS),
        (Outcome.INCORRECT, Opinion(True, "1"), Kind.ONLY_THEIRS),
        (Outcome.UNJUDGED, Opinion(True, "1"), Kind.UNJUDGED),
        (Outcome.UNJUDGED, Opinion(False, "", "timed out"), Kind.UNJUDGED),
        (Outcome.CORRECT, Opinion(False, "", "timed out"), Kind.FAILED),
        (Outcome.INCORRECT, Opinion(False, "", "timed out"), Kind.FAILED),
    ],
)
def test_every_pair_of_verdicts_has_one_kind(outcome: Outcome, opinion: Opinion, kind: Kind) -> None:
    assert kind_of(Verdict(outcome, "math"), opinion) is kind


@pytest.mark.parametrize(
    ("reference", "completion", "correct"),
    [
        ("0.5", r"It is \boxed{\frac{1}{2}}.", True),
        ("3/4", "The answer is 3/4.", True),
        ("8", "The answer is 2^3 + 0", True),
        ("5", "The answer is 10-3-2", True),
        ("$x^2-1$", r"\boxed{(x-1)(x+1)}", True),
        (r"\(x^2-1\)", r"\boxed{(x-1)(x+1)}", True),
        (r"\$40", r"\boxed{40}", True),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\boxed{\begin{pmatrix} 1 \\ 2 \end{pmatrix}}", True),
        ("7", r"First 7, then \boxed{8}.", False),
        ("7", "", False),
        ("7", "no idea", False),
    ],
)
def test_math_verify_is_used_as_recommended(
    second: SecondOpinion, reference: str, completion: str, correct: bool
) -> None:
    (opinion,) = second.ask([candidate(reference, completion)])
    assert opinion.failure is None
    assert opinion.correct is correct


def test_any_reference_may_match_and_numbers_are_references_too(second: SecondOpinion) -> None:
    problem = Problem("p", "?", "math", ["7", 8], "own", "test")
    answers = [Candidate("p", problem, rf"\boxed{{{n}}}") for n in (7, 8, 9)]
    assert [opinion.correct for opinion in second.ask(answers)] == [True, True, False]


def test_what_it_read_is_told(second: SecondOpinion) -> None:
    (opinion,) = second.ask([candidate("20", r"\boxed{20\%}")])
    assert opinion == Opinion(True, "20*(1/100)")


def test_a_hang_is_killed_on_time_and_the_others_are_answered() -> None:
    with SecondOpinion(timeout_s=1.0) as second:
        stuck, after = second.ask([candidate("1", TOWER), candidate("2", r"\boxed{2}")])
    assert stuck.failure == "timed out after 1 s"
    assert after.correct


def test_a_worker_that_cannot_start_is_one_error() -> None:
    with (
        pytest.raises(RunError, match=r"math-verify cannot be asked: .*no_such_module"),
        SecondOpinion(module="rft.no_such_module"),
    ):
        raise AssertionError("entered")


@pytest.mark.parametrize(
    "payload", [r"\boxed{open('PLACE','w')}", "open('PLACE','w') 3", r"$\operatorname{open}('PLACE','w')$"]
)
def test_text_is_never_evaluated(second: SecondOpinion, tmp_path: Path, payload: str) -> None:
    (opinion,) = second.ask([candidate("1", payload.replace("PLACE", str(tmp_path / "made")))])
    assert not opinion.correct
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3/4", "0.75"),
        ("-(2+3)", "-5"),
        ("10-3-2", "5"),
        ("2*3/4", "1.5"),
        ("2**-3", "0.125"),
        (" 1.50+2", "3.5"),
        ("7//2", "3"),
    ],
)
def test_plain_arithmetic_is_built_without_evaluation(text: str, value: str) -> None:
    from sympy import Float

    assert arithmetic(text).evalf() == Float(value)


def test_a_tower_of_powers_is_built_and_not_carried_out() -> None:
    assert str(arithmetic("9**9**9**9")) == "9**(9**(9**9))"


@pytest.mark.parametrize(
    "text", ["x", "2(3)", "2 3", "1+", "open('f')", "[1]", "1 if 1 else 2", "1 or 2", "'a'", "1j", "True", "2%3", "("]
)
def test_anything_else_is_no_arithmetic(text: str) -> None:
    with pytest.raises(SyntaxError):
        arithmetic(text)


def test_a_refusal_is_never_swallowed_as_a_no() -> None:
    assert not issubclass(EvaluationRefusedError, Exception)


def test_counts_shares_and_what_was_left_out() -> None:
    result = compared(
        candidate("1", r"\boxed{1} yes"),
        candidate("1", r"\boxed{2} no"),
        candidate("1", r"\boxed{1} no"),
        candidate("1", r"\boxed{1} fails"),
        candidate("1", r"\boxed{1} yes", truncated=True),
        candidate("1", "yes", verifier="choice"),
        None,
    )
    told = json.loads(json.dumps(result.to_json()))
    assert {kind: count["n"] for kind, count in told["counts"].items() if count["n"]} == {
        "both correct": 1,
        "both incorrect": 1,
        "only ours correct": 1,
        "math-verify failed or timed out": 1,
    }
    assert told["counts"]["both correct"]["share"] == 0.25
    assert told["left_out"] == {"truncated": 1, "of another verifier": 1, "unreadable": 1}
    assert told["compared"] == 4


def test_equal_differences_are_listed_once_with_their_count(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    again = [candidate("1", rf"\boxed{{1}} {n} no", id=f"p{n}") for n in range(3)]
    result = compared(*again, candidate("1", r"\boxed{2} yes", id="other"), out=out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["n"], row["kind"], row["id"], row["extracted"]) for row in rows] == [
        (3, "only ours correct", "p0", "1"),
        (1, "only math-verify correct", "other", "2"),
    ]
    assert rows[1]["ours"].startswith("incorrect, wrong_answer")
    assert rows[1]["parsed"] == "yes"
    assert result.n_differences == 2


def test_all_differences_are_written_and_the_first_are_shown(tmp_path: Path) -> None:
    many = [candidate(str(n), rf"\boxed{{{n}}} no", id=str(n)) for n in range(MAX_SHOWN + 150)]
    result = compared(*many, out=tmp_path / "out.jsonl")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == result.n_differences == MAX_SHOWN + 150
    assert [found.id for found in result.shown] == [str(n) for n in range(MAX_SHOWN)]


def test_memory_is_bounded_and_nothing_is_lost_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cross, "MAX_DISTINCT", 1)
    found = [candidate(reference, rf"\boxed{{{reference}}} no") for reference in "1212"]
    compared(*found, out=tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["reference"], row["n"]) for row in rows] == [("1", 2), ("2", 1), ("2", 1)]


def test_long_texts_and_lone_surrogates_fit_into_a_record(tmp_path: Path) -> None:
    compared(candidate("1", r"\boxed{" + "\ud800" + "x" * 50_000 + "} yes"), out=tmp_path / "out.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert row["extracted"].startswith("?x")
    assert len(row["extracted"]) <= cross.MAX_TEXT


def test_a_task_is_compared_on_its_references_and_near_misses() -> None:
    found = list(from_task(Arithmetic(n_problems=5).problems("train"), limit=3))
    assert len({each.problem.id for each in found}) == 3
    assert {each.id.partition(" (")[2] for each in found} >= {"reference)", "empty)", "wrong answer)"}


def test_a_file_that_holds_a_bad_line_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    good = {"id": "a", "reference": "1", "completion": "1"}
    source.write_text(json.dumps(good) + "\n" + json.dumps(good | {"finish_reason": "length"}) + "\nnot json\n")
    with pytest.raises(InputError, match="line 3"):
        next(from_file(source))
    found = list(from_file(source, skip_bad=True))
    assert [each and (each.problem.verifier, each.truncated) for each in found] == [
        ("math", False),
        ("math", True),
        None,
    ]


def rft(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "rft", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def test_a_file_is_compared_on_the_command_line(tmp_path: Path) -> None:
    rows = [
        {"id": "same", "reference": "1", "completion": r"\boxed{1}"},
        {"id": "red \x1b[31m", "reference": "20", "completion": r"\boxed{20\%}"},
        {"id": "code", "verifier": "no:Such", "reference": "1", "completion": "1"},
    ]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = rft("cross", source, "--out", out).stdout
    assert "\x1b" not in shown
    assert "red \\x1b[31m" in shown
    assert "left out: 1 of another verifier" in shown
    assert json.loads(out.read_text())["kind"] == "only math-verify correct"
    told = json.loads(rft("cross", source, "verifiers.math.percent=points", "--json").stdout)
    assert told["counts"]["both correct"] == {"n": 2, "share": 1.0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.jsonl", "--out", "in.jsonl"], "is the input itself"),
        (["in.jsonl", "--out", "folder"], "not a regular file"),
        (["in.jsonl", "split=train"], "'split' does not apply to a bare file"),
        (["gone.jsonl"], "is not a file"),
        (["folder"], "is not a run"),
        (["arithmetics"], "did you mean 'arithmetic'"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    text = '{"id": "a", "reference": "1", "completion": "1"}\n'
    (tmp_path / "in.jsonl").write_text(text)
    assert said in rft("cross", *arguments, code=2).stderr
    assert (tmp_path / "in.jsonl").read_text() == text


def test_a_run_is_compared_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    problems = list(Arithmetic(n_problems=6).problems("train"))
    with (tmp_path / "stored.jsonl").open("w") as file:
        for problem in problems:
            for index, answer in enumerate([problem.reference, f"{problem.reference}\\%"]):
                file.write(
                    json.dumps({"problem_id": problem.id, "index": index, "text": f"\\boxed{{{answer}}}"}) + "\n"
                )
    config = {
        "name": "r",
        "runs": "runs",
        "model": "none",
        "task": {"kind": "arithmetic", "n_problems": 6},
        "sampler": {"kind": "replay", "path": str(tmp_path / "stored.jsonl")},
        "sampling": {"n": 2},
        "train": {"kind": "none"},
        "loop": {"rounds": 1},
        "eval": {"enabled": False},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    rft("sample", "run.yaml")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")}
    told = json.loads(rft("cross", "runs/r", "--json").stdout)
    assert told["counts"]["both correct"]["n"] == 6
    assert told["counts"]["only math-verify correct"]["n"] == 6
    assert told["differences"][0]["id"].endswith("#1")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*")} == before
    assert "has no samples of round 3" in rft("cross", "runs/r", "--round", "3", code=2).stderr


def test_a_failing_reference_of_ours_is_no_verdict() -> None:
    result = compared(candidate(r"\frac{1}{", r"\boxed{1} yes"))
    assert result.counts == {Kind.UNJUDGED: 1}
    assert Reason.BAD_REFERENCE in result.shown[0].ours


def test_a_comparison_of_nothing_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "1", "verifier": "exact", "reference": "1", "completion": "1"}\n')
    with pytest.raises(
        InputError, match="no completion of the verifier 'math' to compare; seen: 1 of another verifier"
    ):
        cross.compare_target(str(source), [], "train", None, 0, False, None)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no folder .*; give a task's name, a JSONL file or a run's folder"):
        cross.compare_target(str(tmp_path / "none"), [], "train", None, 0, False, None)
