"""Judging a bare file: whatever a line holds and wherever the output should go, nothing of the user's is lost."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.judging.bare_file import MAX_DEPTH, judge_file
from rft.types import Outcome, Problem, Trust, Verdict, Verifier
from rft.verifiers.math.verifier import MathVerifier

GOOD = '{"id": "a", "reference": "1", "completion": "\\\\boxed{1}"}'


@pytest.fixture(scope="module")
def math() -> Iterator[MathVerifier]:
    verifier = MathVerifier()
    yield verifier
    verifier.close()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "in.jsonl"
    file.write_text(GOOD + "\n")
    return file


def judge(source: Path, out: Path, math: MathVerifier, skip_bad: bool = False) -> tuple[dict[str, int], int]:
    outcomes, n_skipped = judge_file(source, out, lambda name, where: math, "math", workers=2, skip_bad=skip_bad)
    return {str(outcome): n for outcome, n in outcomes.items()}, n_skipped


def refused(source: Path, out: Path, said: str) -> None:
    """Nothing may be judged: the verifier is never asked for."""

    def no_verifier(name: str, where: str) -> Verifier:
        raise AssertionError("asked for a verifier")

    with pytest.raises(InputError, match=said):
        judge_file(source, out, no_verifier, "math", workers=1, skip_bad=False)


def records(text: str | bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def same(source: Path, tmp_path: Path) -> Path:
    return source


def spelled_otherwise(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    return tmp_path / "more" / ".." / source.name


def soft_link(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "link.jsonl").symlink_to(source)
    return tmp_path / "link.jsonl"


def hard_link(source: Path, tmp_path: Path) -> Path:
    (tmp_path / "hard.jsonl").hardlink_to(source)
    return tmp_path / "hard.jsonl"


@pytest.mark.parametrize("make", [same, spelled_otherwise, soft_link, hard_link])
def test_the_input_is_never_the_output(tmp_path: Path, source: Path, make: Any) -> None:
    out = make(source, tmp_path)
    refused(source, out, "is the input itself")
    assert source.read_text() == GOOD + "\n"
    assert out.samefile(source)


def test_the_temporary_name_of_the_output_is_not_the_input_either(tmp_path: Path) -> None:
    source = tmp_path / f".out.jsonl.{os.getpid()}.tmp"
    source.write_text(GOOD + "\n")
    refused(source, tmp_path / "out.jsonl", "is the input itself")
    assert source.read_text() == GOOD + "\n"


def test_only_a_file_is_replaced(tmp_path: Path, source: Path) -> None:
    fifo, folder, link, loose = (tmp_path / name for name in ("fifo", "folder", "link", "loose"))
    os.mkfifo(fifo)
    folder.mkdir()
    link.symlink_to(fifo)
    loose.symlink_to(tmp_path / "nothing")
    before = {path: path.lstat().st_ino for path in (fifo, folder, link, loose)}
    for out in (*before, tmp_path / "folder" / ".", tmp_path / "folder" / ".."):
        refused(source, out, "not a regular file; give a file of its own, or --out - for stdout")
    assert {path: path.lstat().st_ino for path in before} == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_place_where_no_file_can_be_is_refused(
    source: Path, tmp_path: Path, math: MathVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for out in (Path(), Path(".."), Path("/")):
        refused(source, out, "not a regular file")
    with pytest.raises(InputError, match=r"cannot write .*(Not a directory|File exists)"):
        judge(source, source / "out.jsonl", math)
    refused(source, tmp_path / ("x" * 300), "File name too long")


def test_an_earlier_output_is_replaced_and_a_new_folder_made(tmp_path: Path, source: Path, math: MathVerifier) -> None:
    out = tmp_path / "new" / "out.jsonl"
    for n in (1, 2):
        source.write_text((GOOD + "\n") * n)
        assert judge(source, out, math) == ({"correct": n}, 0)
        assert len(records(out.read_text())) == n
    assert [file.name for file in out.parent.iterdir()] == ["out.jsonl"]


def test_a_dash_is_stdout(source: Path, math: MathVerifier, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    source.write_text(GOOD + "\n" + '{"id": "ü", "reference": "1", "completion": "2"}\n')
    assert judge(source, Path("-"), math) == ({"correct": 1, "incorrect": 1}, 0)
    assert [r["id"] for r in records(capfdbinary.readouterr().out)] == ["a", "ü"]
    assert not Path("-").exists()


def test_verdicts_are_on_stdout_as_they_come(tmp_path: Path, source: Path) -> None:
    """The second line's verifier answers only once the reader of the first verdict says so."""
    go = tmp_path / "go"
    source.write_text(GOOD + "\n" + GOOD.replace('"1"', '"2"') + "\n")
    program = f"""if 1:
        import time
        from pathlib import Path
        from rft.judging.bare_file import judge_file
        from rft.types import Outcome, Verdict
        class Slow:
            id = "slow"
            def verify(self, problem, completions):
                while problem.reference == "2" and not Path({str(go)!r}).exists():
                    time.sleep(0.01)
                return [Verdict(Outcome.CORRECT, self.id) for _ in completions]
        judge_file(Path({str(source)!r}), Path("-"), lambda name, where: Slow(), "slow", 2, False)
    """
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert json.loads(child.stdout.readline())["id"] == "a"
        go.touch()
        assert json.loads(child.stdout.readline())["id"] == "a"
    assert child.returncode == 0


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, source: Path) -> None:
    source.write_text((GOOD + "\n") * 200)
    program = f"""if 1:
        import resource
        from pathlib import Path
        from rft.errors import RunError
        from rft.judging.bare_file import judge_file
        from rft.verifiers.math.verifier import MathVerifier
        math = MathVerifier()
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            judge_file(Path({str(source)!r}), Path({str(tmp_path)!r}) / "out.jsonl", lambda *_: math, "math", 1, False)
        except RunError as error:
            print(error)
        math.close()
    """
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"cannot write {tmp_path}/out.jsonl: no space left for it; free some")
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_pipe_cannot_be_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path / "fifo", tmp_path / "out.jsonl", "is read twice")
    refused(tmp_path, tmp_path / "out.jsonl", "is read twice")
    refused(tmp_path / "none.jsonl", tmp_path / "out.jsonl", "none.jsonl does not exist")


def test_a_torn_gzip_file_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(os.urandom(9999))
    for n, content in enumerate([whole[:-20], whole[:20] + b"\xff" * 50, b"plain"]):
        file = tmp_path / f"{n}.jsonl.gz"
        file.write_bytes(content)
        refused(file, tmp_path / "out.jsonl", f"{n}.jsonl.gz(, line 1:| cannot be read)")


def test_a_lone_surrogate_loses_nothing(tmp_path: Path, source: Path, math: MathVerifier) -> None:
    lines = [
        r'{"id": "completion", "reference": "1", "completion": "\ud800 \\boxed{1}"}',
        r'{"id": "answer", "reference": "1", "completion": "\\boxed{\udfff}"}',
        r'{"id": "reference", "reference": "\ud800", "completion": "\\boxed{1}"}',
        r'{"id": "\ud800", "reference": "1", "completion": "\\boxed{1}"}',
    ]
    source.write_text("\n".join(lines) + "\n")
    outcomes, n_skipped = judge(source, tmp_path / "out.jsonl", math)
    found = records((tmp_path / "out.jsonl").read_bytes())
    assert [r["id"] for r in found] == ["completion", "answer", "reference", "?"]
    assert [r["outcome"] for r in found[::3]] == ["correct", "correct"]
    assert found[1]["outcome"] == "incorrect"
    assert sum(outcomes.values()) == 4
    assert n_skipped == 0


DEEP = "[" * 200_000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (DEEP, "is nested too deeply"),
        (f'{{"id": "x", "completion": "1", "reference": {DEEP}', "is nested too deeply"),
        (
            f'{{"id": "x", "completion": "1", "reference": {"[" * (MAX_DEPTH + 1)}1{"]" * (MAX_DEPTH + 1)}}}',
            f"'reference' is nested deeper than {MAX_DEPTH} levels",
        ),
        (
            '{"id": "x", "completion": "1", "reference": "1", "finish_reason": "eos"}',
            "'finish_reason' is 'eos'; allowed: stop, length",
        ),
        (
            '{"id": "x", "completion": "1", "reference": "1", "finish_reason": ["stop"]}',
            r"'finish_reason' is \['stop'\]; allowed",
        ),
        ('{"id": "x", "completion": null, "reference": "1"}', "'completion' is None, it must be a text"),
        ("9" * 5000, "holds a whole number of 5000 digits"),
        (
            '{"id": "x", "completion": "1", "reference": "1", "policy": {"unit": "ignore"}}',
            "unknown math policy 'unit'; did you mean 'units'",
        ),
        ('{"id": "x", "completion": "1", "reference": "1", "policy": 7}', "a problem's policy is an object"),
        (
            '{"id": "x", "completion": "1", "reference": "1", "verifier": "exact", "policy": {}}',
            "'policy' is for the verifier math",
        ),
        (
            '{"id": "x", "completion": "1", "reference": "1", "limits": {"wall_s": 5}}',
            "'limits' is for the verifier code; this line's is 'math'",
        ),
        (
            '{"id": "x", "completion": "1", "reference": {"tests": "t"}, "verifier": "code", "limits": {"wall": 5}}',
            "'limits' has an unknown key 'wall'; did you mean 'wall_s'",
        ),
        (
            '{"id": "x", "completion": "1", "reference": {"tests": "t"}, "verifier": "code", "limits": {"wall_s": 0}}',
            "the limit 'wall_s' must be a number above 0; seen: 0",
        ),
        (
            '{"id": "x", "completion": "1", "reference": "assert f(1)", "verifier": "code"}',
            "'reference' is 'assert f.1.'; the verifier code needs an object",
        ),
    ],
    ids=[
        *("brackets", "deep reference", "just too deep", "finish", "finish list", "no text", "long number"),
        *("policy key", "policy kind", "policy of another"),
        *("limits of another", "limits key", "limits value", "code text"),
    ],
)
def test_a_bad_line_is_named_or_left_out(
    tmp_path: Path, source: Path, math: MathVerifier, line: str, said: str
) -> None:
    source.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    out = tmp_path / "out.jsonl"
    with pytest.raises(InputError, match=f"in.jsonl, line 3: {said}.*--skip-bad-rows"):
        judge(source, out, math)
    assert not out.exists()
    assert judge(source, out, math, skip_bad=True) == ({"correct": 2}, 1)
    assert len(records(out.read_text())) == 2


def test_a_reference_as_deep_as_is_allowed_is_judged(tmp_path: Path, source: Path, math: MathVerifier) -> None:
    deep = "[" * MAX_DEPTH + '"1"' + "]" * MAX_DEPTH
    source.write_text(f'{{"id": "x", "completion": "\\\\boxed{{1}}", "reference": {deep}}}\n')
    assert judge(source, tmp_path / "out.jsonl", math) == ({str(Outcome.UNJUDGED): 1}, 0)
    assert records((tmp_path / "out.jsonl").read_text())[0]["reason"] == "bad_reference"


def test_an_unknown_verifier_is_named_with_its_line(tmp_path: Path, source: Path) -> None:
    def get(name: str, where: str) -> Verifier:
        raise InputError(f"{name}{where}")

    source.write_text(f"\n{GOOD}\n")
    with pytest.raises(InputError, match=r"mth in .*in\.jsonl, line 2$"):
        judge_file(source, tmp_path / "out.jsonl", get, "mth", workers=1, skip_bad=False)


def test_null_counts_as_left_out(tmp_path: Path, source: Path, math: MathVerifier) -> None:
    source.write_text(GOOD[:-1] + ', "finish_reason": null, "verifier": null}\n')
    assert judge(source, tmp_path / "out.jsonl", math) == ({"correct": 1}, 0)


class Echo:
    """Is shown the reference and says it back, with little trust where there is no solution."""

    id = "echo-1-0"

    def verify(self, problem: Problem, completions: Sequence[str]) -> list[Verdict]:
        trust = Trust.FULL if "solution" in problem.reference else Trust.LOW
        said = json.dumps(problem.reference.get("limits"), sort_keys=True)
        return [Verdict(Outcome.CORRECT, self.id, detail=said, trust=trust) for _ in completions]

    def close(self) -> None:
        return


def test_a_lines_limits_win_over_its_references_and_low_trust_is_said(tmp_path: Path, source: Path) -> None:
    limited = {"tests": "t", "limits": {"wall_s": 9, "cpu_s": 8}}
    lines = [
        {"id": "a", "completion": "c", "reference": limited, "limits": {"wall_s": 5}},
        {"id": "b", "completion": "c", "reference": limited | {"solution": "s"}},
        {"id": "c", "completion": "c", "reference": {"tests": "t", "solution": "s"}, "limits": {"disk_mib": 32}},
    ]
    source.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "out.jsonl"
    judge_file(source, out, lambda name, where: Echo(), "code", workers=1, skip_bad=False)
    found = records(out.read_text())
    assert [json.loads(r["detail"]) for r in found] == [{"cpu_s": 8, "wall_s": 5}, limited["limits"], {"disk_mib": 32}]
    assert [r.get("trust") for r in found] == ["low", None, None]
