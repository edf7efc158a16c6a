"""Honest programs with odd habits: a sandbox that is too strict would call them wrong."""

from collections.abc import Iterator

import pytest

from rft.types import JSON, Limits, Program, Sandbox, Status
from tests.conftest import require_local
from tests.sandboxes.attacks import HERE
from tests.sandboxes.attacks.exams import EXAMS
from tests.sandboxes.watch import opened

BACKENDS = ["local", pytest.param("docker", marks=pytest.mark.docker)]
LIMITS = Limits(cpu_s=30, wall_s=60)
"""Far from what any of them needs: nothing is said here about speed."""


def _sections(file: str) -> dict[str, str]:
    """Programs by their heads."""
    sections = (HERE / "honest" / file).read_text().split("# %% ")[1:]
    return {head.strip(): text for head, text in (section.split("\n", 1) for section in sections)}


ODDITIES = _sections("oddities.txt")
JAVASCRIPT = {
    "calls": "const add = (a, b) => a + b;",
    "check": "exports.add = function (a, b) { console.log(a, b); return a + b; };",
    "sort": "function sort_list(xs) { return [...xs].sort((a, b) => a - b); }",
    "bag": "const pairs = xs => xs.flatMap(a => xs.filter(b => a !== b).map(b => [a, b]));",
    "near": "class Mean { of(xs) { return xs.reduce((a, b) => a + b, 0) / xs.length; } }\n"
    "function mean(xs) { return new Mean().of(xs); }",
}


RETURNS = _sections("returns.txt")


@pytest.fixture(scope="module", params=BACKENDS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param == "local":
        require_local()
    image = None if request.param == "local" else request.getfixturevalue("languages_image")
    found = opened(request.param, image)
    yield found
    found.close()


def passes(sandbox: Sandbox, candidate: Program, exam: JSON) -> None:
    found = sandbox.examine(candidate, exam, LIMITS)
    assert found.report is not None, found
    assert found.report["passed"], (found.report, found.candidate.stderr, found.tester.stderr)


@pytest.mark.parametrize("name", ODDITIES)
def test_an_odd_habit_is_no_fault(name: str, sandbox: Sandbox) -> None:
    exam = EXAMS["add"]
    passes(sandbox, Program(ODDITIES[name]), exam.exam)


@pytest.mark.parametrize("head", RETURNS)
def test_an_answer_crosses_as_it_is(head: str, sandbox: Sandbox) -> None:
    source, tests = RETURNS[head].split("# tests\n")
    passes(sandbox, Program(source), {"entry_point": head.split()[1], "program": tests})


@pytest.mark.parametrize("name", EXAMS)
def test_a_solution_passes_its_exam_and_is_counted(name: str, sandbox: Sandbox) -> None:
    exam = EXAMS[name]
    report = sandbox.examine(Program(exam.solution), exam.exam, LIMITS).report
    assert report is not None
    if name == "arrays" and sandbox.backend == "docker":  # the image with languages has no numpy
        assert report["failure"]["detail"] == "No module named 'numpy'"
    else:
        assert (report["passed"], report["checks"], report["failure"]) == (True, exam.checks, None)


@pytest.mark.parametrize("name", EXAMS)
def test_an_empty_program_passes_no_exam(name: str, sandbox: Sandbox) -> None:
    report = sandbox.examine(Program(""), EXAMS[name].exam, LIMITS).report
    assert report is not None
    assert not report["passed"]


@pytest.mark.parametrize("name", JAVASCRIPT)
def test_javascript_passes_the_same_exams(name: str, sandbox: Sandbox) -> None:
    passes(sandbox, Program(JAVASCRIPT[name], "javascript"), EXAMS[name].exam)


def test_a_main_guard_runs_in_a_script(sandbox: Sandbox) -> None:
    found = sandbox.run(Program(ODDITIES["main_guard"], stdin="20 22\n"), LIMITS)
    assert (found.status, found.exit_code, found.stdout) == (Status.EXITED, 0, "42\n")


@pytest.mark.parametrize("name", [name for name in ODDITIES if name not in ("main_guard",)])
def test_an_odd_habit_is_no_fault_in_a_script(name: str, sandbox: Sandbox) -> None:
    """As ``__main__``, asked once from its own end: pickling, pools and annotations behave differently there."""
    source = ODDITIES[name] + "\nif __name__ == '__main__':\n    print(add(1, 2) == 3)\n"
    found = sandbox.run(Program(source), LIMITS)
    assert (found.status, found.exit_code) == (Status.EXITED, 0), found
    assert found.stdout.splitlines()[-1] == "True"
