"""Components in a file of one's own: a dataclass with one method works, a mistake in it is one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.rounds.line import rft
from tests.tiny import write_model
from tools import house

OWN = '''
from dataclasses import dataclass
from pathlib import Path

from rft.types import FinishReason, Outcome, Problem, Reason, Sample, Verdict


@dataclass
class Doubling:
    """Twice a number."""

    n: int = 12

    def problems(self, split):
        for i in range(self.n):
            yield Problem(f"d{i}", f"2 * {i}?", "mine:LastWord", str(2 * i), "doubling", split)


@dataclass
class Guess:
    """Right for even indices."""

    def sample(self, requests):
        for request in requests:
            half = int(request.problem_id[1:])
            for index, seed in zip(request.indices, request.seeds):
                text = f"It is {2 * half + index % 2}"
                yield Sample(request.problem_id, request.round, index, text, 3, FinishReason.STOP, "guess", seed)


@dataclass
class LastWord:
    """The last word is the answer."""

    def verify(self, problem, completions):
        return [
            Verdict(Outcome.CORRECT)
            if completion.split()[-1] == problem.reference
            else Verdict(Outcome.INCORRECT, reason=Reason.WRONG_ANSWER)
            for completion in completions
        ]


@dataclass
class Nothing:
    """Trains nothing."""

    def fit(self, dataset: Path, base_model: str, out: Path) -> Path:
        return Path(base_model)


@dataclass
class Rising:
    """More samples for the later problems."""

    step: int = 1

    def n(self, problem, most):
        return min(most, self.step * int(problem.id[1:]))
'''
CONFIG = {
    "name": "r",
    "runs": "runs",
    "task": {"kind": "mine:Doubling"},
    "sampler": {"kind": "mine:Guess"},
    "sampling": {"n": 4},
    "eval": {"holdout": 3, "n": 2, "k": [1]},
}


def run(folder: Path, own: str = OWN, code: int = 0, **changes: object) -> subprocess.CompletedProcess[str]:
    """Runs a config whose components are in ``mine.py`` of the current folder, as the ``rft`` script does."""
    (folder / "mine.py").write_text(own)
    (folder / "run.yaml").write_text(yaml.safe_dump(CONFIG | changes))
    # -P: the current folder is not on sys.path, as for an installed script
    command = [sys.executable, "-P", "-m", "rft", "run", "run.yaml", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def error(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr
    message = json.loads(done.stderr.strip().splitlines()[-1])["message"]
    assert isinstance(message, str)
    assert "\n" not in message
    return message


def test_components_with_one_method_each_make_a_run(tmp_path: Path) -> None:
    metrics = json.loads(run(tmp_path).stdout)
    assert metrics["rounds"][0]["training_problems"]["n_samples"] == 9 * 4
    assert metrics["evaluations"][0]["pass_at"]["1"]["value"] == 0.5
    first = sorted((tmp_path / "runs/r/round-000/verdicts").iterdir())
    assert [path.name.rpartition("-")[0] for path in first] == ["mine.LastWord"]


def test_a_second_run_of_own_components_has_nothing_to_do(tmp_path: Path) -> None:
    run(tmp_path)
    shards = sorted((tmp_path / "runs/r/round-000").rglob("*.parquet"))
    before = [path.stat().st_mtime_ns for path in shards]
    run(tmp_path)
    assert [path.stat().st_mtime_ns for path in shards] == before


def test_an_own_verifier_that_is_changed_judges_anew(tmp_path: Path) -> None:
    run(tmp_path)
    metrics = json.loads(run(tmp_path, OWN.replace("[-1] ==", "[-1] !=")).stdout)
    assert len(list((tmp_path / "runs/r/round-000/verdicts").iterdir())) == 2
    assert metrics["rounds"][0]["training_problems"]["n_samples"] == 9 * 4


def test_an_own_verifier_judges_a_bare_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN)
    row = {"id": "a", "reference": "4", "completion": "It is 4"}
    Path("in.jsonl").write_text(json.dumps(row) + "\n")
    rft("verify", "in.jsonl", "--out", "out.jsonl", "--verifier", "mine:LastWord")
    assert json.loads(Path("out.jsonl").read_text())["outcome"] == "correct"


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("yield Problem(", "yield {}; (", 2, "task 'mine:Doubling', problem number 1 of split 'train': it is a dict"),
        ("yield Problem(", "yield 7; (", 2, "task 'mine:Doubling', problem number 1 of split 'train': it is an int"),
        ('f"d{i}"', "i", 2, "problem number 1 of split 'train': its id is 0 (an int); str is wanted"),
        ("for i in range(self.n)", "for i in [1 / 0]", 2, "task 'mine:Doubling' failed: ZeroDivisionError: division"),
        ("yield Problem(", "return 7; (", 2, "task 'mine:Doubling': problems returned an int; an iterator is wanted"),
        ("yield Sample(", "yield str(", 1, "sampler 'mine:Guess'"),
        ("yield Sample(request", "yield dict(a=1); (request", 1, "it yielded a dict; a rft.types.Sample is wanted"),
        ("request.round, index, text", "request.round, 0, text", 1, "was not asked for, or has come already"),
        ("request.round, index, text", "9, index, text", 1, "says round 9; it was asked for in round 0"),
        ("FinishReason.STOP", "'stop'", 1, "its finish_reason is 'stop' (a str); FinishReason is wanted"),
        ("zip(request.indices, request.seeds)", "[(0, 1)]", 1, "ended without 36 of the samples that it was asked for"),
        ("for request in requests:", "for request in 3:", 1, "sampler 'mine:Guess' failed: TypeError: 'int' object"),
        ("return [\n            Verdict", "return [][:1] + 3 * [\n            Verdict", 1, "verdicts for "),
        ("Verdict(Outcome.CORRECT)", "True", 1, "returned a bool as a verdict; a Verdict is wanted (problem d"),
        ("Outcome.CORRECT", "'correct'", 1, "its outcome is 'correct' (a str); Outcome is wanted"),
        (
            "return [\n            Verdict",
            "return None and [\n            Verdict",
            1,
            "returned None; a list of Verdict",
        ),
        ('The last word is the answer."""', '"""\n    id = \'a/b\'', 2, "its id is 'a/b'; a name without '/'"),
    ],
)
def test_a_mistake_in_a_component_is_one_sentence(tmp_path: Path, old: str, new: str, code: int, message: str) -> None:
    assert old in OWN
    own = OWN.replace(old, new)
    changes = {"eval": {"enabled": False}}
    assert message in error(run(tmp_path, own, code, **changes))


def test_a_verifier_that_raises_leaves_its_samples_unjudged(tmp_path: Path) -> None:
    own = OWN.replace("completion.split()[-1] ==", "completion.split()[99] ==")
    message = error(run(tmp_path, own, 1, eval={"enabled": False}, verify={"max_unjudged": 0.5}))
    assert message.startswith("48 of 48 samples (100.0%) could not be judged")
    verdicts = pq.read_table(tmp_path / "runs/r/round-000/verdicts").to_pylist()
    assert {row["reason"] for row in verdicts} == {"verifier_error"}
    assert {row["detail"] for row in verdicts} == {"IndexError: list index out of range (mine.py, line 38)"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return Path(base_model)", "pass", "trainer 'mine:Nothing' returned None; the path of the model's folder"),
        ("return Path(base_model)", "return out / 'm'", "/round-000/train/m, and there is no such folder"),
        ("return Path(base_model)", "raise KeyError('x')", "trainer 'mine:Nothing' failed: KeyError: 'x' (mine.py, li"),
    ],
)
def test_a_trainer_that_leaves_no_model_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    base = str(write_model(tmp_path / "base"))
    changes = {"eval": {"enabled": False}, "train": {"kind": "mine:Nothing"}, "model": base}
    assert message in error(run(tmp_path, OWN.replace(old, new), 1, **changes))


def test_an_own_budget_shares_the_samples_out_and_may_be_changed(tmp_path: Path) -> None:
    sampling = {"n": 4, "budget": "mine:Rising"}
    metrics = json.loads(run(tmp_path, eval={"enabled": False}, sampling=sampling).stdout)
    assert metrics["rounds"][0]["training_problems"]["n_samples"] == 0 + 1 + 2 + 3 + 8 * 4
    sampling["budget"] = {"kind": "mine:Rising", "step": 2}
    metrics = json.loads(run(tmp_path, eval={"enabled": False}, sampling=sampling).stdout)
    assert metrics["rounds"][0]["training_problems"]["n_samples"] == 0 + 2 + 10 * 4
    metrics = json.loads(run(tmp_path, eval={"enabled": False}).stdout)
    assert metrics["rounds"][0]["training_problems"]["n_samples"] == 12 * 4


@pytest.mark.parametrize(
    ("new", "code", "message"),
    [
        ("return 5", 1, "budget 'mine:Rising' returned 5 for problem d0; from 0 to 4 (sampling.n) is allowed"),
        ("return -1", 1, "budget 'mine:Rising' returned -1 for problem d0"),
        ("return 1.5", 1, "budget 'mine:Rising' returned a float for problem d0; a whole number is wanted"),
        ("return most / 0", 1, "budget 'mine:Rising' failed: ZeroDivisionError: division by zero (mine.py, line "),
        ("pass", 1, "budget 'mine:Rising' returned None for problem d0"),
    ],
)
def test_a_mistake_in_a_budget_is_one_sentence(tmp_path: Path, new: str, code: int, message: str) -> None:
    own = OWN.replace("return min(most, self.step * int(problem.id[1:]))", new)
    sampling = {"n": 4, "budget": "mine:Rising"}
    assert message in error(run(tmp_path, own, code, eval={"enabled": False}, sampling=sampling))
    assert not list((tmp_path / "runs/r").glob("round-*/samples/*"))


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (
            "unifrom",
            "unknown budget 'unifrom'; did you mean 'uniform'? Known: uniform; one of your own is module:Class",
        ),
        ("mine:Guess", "budget 'mine:Guess' has no method 'n'; see Budget in rft.types"),
        ({"kind": "mine:Rising", "stop": 1}, "unknown option 'stop' of budget 'mine:Rising'; did you mean 'step'"),
    ],
)
def test_a_budget_that_cannot_be_is_refused_before_the_run_begins(tmp_path: Path, budget: object, message: str) -> None:
    assert message in error(run(tmp_path, OWN, 2, sampling={"n": 4, "budget": budget}))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("mime:Guess", "sampler 'mime:Guess': no module 'mime' in "),
        ("mime:Guess", "did you mean 'mine'?"),
        ("mine:Gess", "sampler 'mine:Gess': mine has no 'Gess'; did you mean 'Guess'?"),
        ("mine:", "write module:Class, e.g. mine:Mine for class Mine in the file mine.py"),
        ("mine:Path", "mine:Path is not a dataclass"),
        ("mine:LastWord", "sampler 'mine:LastWord' has no method 'sample'; see Sampler in rft.types"),
        ("torn:Guess", "module torn cannot be imported: SyntaxError: "),
        ("needy:Guess", "module needy needs 'not_there_at_all', which is not installed here"),
        ("raising:Guess", "module raising cannot be imported: RuntimeError: no (raising.py, line 1)"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_sentence(tmp_path: Path, kind: str, message: str) -> None:
    (tmp_path / "torn.py").write_text("def f(:\n")
    (tmp_path / "needy.py").write_text("import not_there_at_all\n")
    (tmp_path / "raising.py").write_text("raise RuntimeError('no')\n")
    assert message in error(run(tmp_path, OWN, 2, sampler={"kind": kind}))


def test_the_current_folder_is_looked_in_for_a_component_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rft.registry import load

    (tmp_path / "mine_for_one_lookup.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert load("task", "mine_for_one_lookup:Doubling", {}).__name__ == "Doubling"
    assert sys.path == before
    assert str(tmp_path) not in before


def test_the_example_of_the_architecture_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (house.ROOT / "docs" / "architecture.md").read_text("utf-8")
    Path("mine.py").write_text(page.partition("```python\n")[2].partition("```")[0])
    Path("answers.jsonl").write_text('{"id": "a", "reference": "Paris", "completion": "It is paris"}\n')
    command = page.partition("\nrft verify answers.jsonl ")[2].partition("\n")[0]
    rft("verify", "answers.jsonl", *command.split())
    assert json.loads(Path("verdicts.jsonl").read_text())["outcome"] == "correct"
