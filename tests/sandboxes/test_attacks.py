"""Hostile programs, one test each: none passes, none gets out, none leaves a trace. See ``attacks`` for the table."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rft.types import Execution, Limits, Program, Status
from tests.conftest import require_local
from tests.sandboxes.attacks import HERE, Attack, attacks
from tests.sandboxes.attacks.exams import EXAMS
from tests.sandboxes.watch import LIMITS, Watch, look, processes, watching

BACKENDS = ["local", pytest.param("docker", marks=pytest.mark.docker)]
NORMAL = Limits(cpu_s=5, wall_s=10)
TRACE = (HERE / "trace.py.txt").read_text()
MARKS = {"forgeable", "short"}
JAVASCRIPT = Program("const add = (a, b) => a + b;", "javascript")
TABLE = attacks()
SCRIPTS = [attack for attack in TABLE if attack.form == "run"]
CANDIDATES = [attack for attack in TABLE if attack.form != "run"]
LASTING = (
    "daemon",
    "fork_bomb_sessions",
    "stopped_child",
    "files_left",
    "sysv_objects",
    "abstract_listener",
    "tcp_listener",
    "kill_everything",
    "thread_bomb",
)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> tuple[str, str | None]:
    """Its name, and its image where it has one."""
    if request.param == "local":
        require_local()
        return "local", None
    return "docker", request.getfixturevalue("languages_image")


@pytest.fixture(scope="module")
def watch(backend: tuple[str, str | None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    tmp_path_factory.getbasetemp()  # made now, for it must not lie where the attacks' traces are looked for
    with watching(*backend) as found:
        warm_up(found)
        found.settle()
        yield found


@pytest.fixture(scope="module")
def trace(watch: Watch) -> dict[str, Any]:
    return traced(watch)


@pytest.mark.parametrize("attack", CANDIDATES, ids=lambda attack: attack.name)
def test_a_verdict_cannot_be_bought(attack: Attack, watch: Watch, trace: dict[str, Any]) -> None:
    program = Program(attack.source(watch.words), attack.language)
    found = watch.sandbox.examine(program, EXAMS[attack.form].exam, LIMITS)

    report = found.report or {"passed": False}
    flagged = "forgeable" in attack.holds and report.get("forgeable")
    short = "short" in attack.holds and report.get("checks", 0) < EXAMS[attack.form].checks
    assert not report["passed"] or flagged or short, report
    assert found.tester.status is not Status.SIGNALED, found.tester
    assert not (statuses := attack.holds - MARKS) or found.candidate.status in statuses, found
    kept_in(found.candidate, watch)
    kept_in(found.tester, watch)
    unscathed(watch, trace, attack.language)


@pytest.mark.parametrize("attack", SCRIPTS, ids=lambda attack: attack.name)
def test_a_script_cannot_get_out(attack: Attack, watch: Watch, trace: dict[str, Any]) -> None:
    found = watch.sandbox.run(Program(attack.source(watch.words), attack.language), LIMITS)

    kept_in(found, watch)
    assert found.status in attack.holds, found
    if found.status is Status.EXITED and found.exit_code == 0:
        assert found.stdout.rstrip().endswith("contained") or "bomb" in attack.name or "chain" in attack.name, found
    elif found.status is Status.EXITED:
        assert "bomb" in attack.name or "Traceback" not in found.stderr, found.stderr
    unscathed(watch, trace, attack.language)


def test_nothing_is_left_after_closing(backend: tuple[str, str | None], tmp_path: Path) -> None:
    before, running = look(tmp_path), processes(backend[0])
    with watching(*backend) as watch:
        for attack in SCRIPTS:
            if attack.name in LASTING:
                watch.sandbox.run(Program(attack.source(watch.words), attack.language), LIMITS)

    assert look(tmp_path) == before
    assert processes(backend[0]) == running


def test_the_table_is_sound() -> None:
    """Every attack has a name of its own and says what it tries; of each form and language there are enough."""
    assert [name for name, n in Counter(attack.name for attack in TABLE).items() if n > 1] == []
    assert [attack.name for attack in TABLE if not attack.tries] == []
    assert [attack.name for attack in TABLE if attack.form not in EXAMS and not attack.holds] == []
    assert {status for attack in TABLE for status in attack.holds} <= MARKS | set(Status)
    assert len(SCRIPTS) > 120
    assert len(CANDIDATES) > 120
    assert sum(attack.language == "javascript" for attack in TABLE) > 10


def kept_in(found: Execution, watch: Watch) -> None:
    """Nothing that was tried worked, and no secret of the host is in the output."""
    told = found.stdout + found.stderr
    assert "ESCAPED" not in told, told[:4000]
    assert watch.secret not in told


def unscathed(watch: Watch, trace: dict[str, Any], language: str) -> None:
    """The host is as it was, and so is what the next program in the same slot finds."""
    if language == "javascript":
        watch.sandbox.examine(JAVASCRIPT, EXAMS["check"].exam, NORMAL)
    add = EXAMS["add"]
    report = watch.sandbox.examine(Program(add.solution), add.exam, NORMAL).report  # a tester waits again, as before
    assert watch.faults() == []
    now = traced(watch)
    assert {name: (trace[name], now[name]) for name in trace if now[name] != trace[name]} == {}
    assert report is not None
    assert (report["passed"], report["checks"], report["forgeable"]) == (True, add.checks, False)


def traced(watch: Watch) -> dict[str, Any]:
    found = watch.sandbox.run(Program(TRACE), NORMAL)
    assert found.status is Status.EXITED, found
    assert found.exit_code == 0, found
    seen: dict[str, Any] = json.loads(found.stdout)
    return seen


def warm_up(watch: Watch) -> None:
    """Has every warm interpreter started once, so that they are not mistaken for something left behind."""
    traced(watch)
    watch.sandbox.run(Program("import numpy"), NORMAL)
    watch.sandbox.examine(Program("import numpy\n" + EXAMS["add"].solution), EXAMS["add"].exam, NORMAL)
    watch.sandbox.examine(Program(EXAMS["arrays"].solution), EXAMS["arrays"].exam, NORMAL)
    watch.sandbox.run(Program("", "javascript"), NORMAL)
    watch.sandbox.examine(JAVASCRIPT, EXAMS["check"].exam, NORMAL)
