"""What is shown while an E-step runs."""

import json
from io import StringIO

import pytest
from rich.console import Console

from rft.report.console import JsonEvents, line, panel
from rft.report.progress import Progress
from rft.report.tables import closing_tables
from rft.types import Outcome


@pytest.fixture
def progress() -> Progress:
    shown = Progress("round [red]0", total=200, before=20, sampled=100, requested=140, tokens=5000)
    shown.outcomes.update({Outcome.CORRECT: 30, Outcome.INCORRECT: 60, Outcome.TRUNCATED: 10, Outcome.UNJUDGED: 5})
    shown.first_sample = shown.started
    return shown


def text(shown: object, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(shown)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_panel_shows_every_number_and_no_markup_of_others(progress: Progress) -> None:
    shown = text(panel(progress))
    for part in ("120 / 200", "in flight", "40", "round [red]0", "correct 30", "unjudged 5", "30.0%"):
        assert part in shown


def test_one_line_tells_the_same(progress: Progress) -> None:
    assert "120/200 samples · 30 correct · 60 incorrect · 10 truncated · 5 unjudged · pass@1 30.0%" in line(progress)


def test_the_time_left_comes_from_the_work_left(progress: Progress) -> None:
    eta = progress.eta_s
    assert eta is not None
    assert eta == pytest.approx(0.8 * progress.elapsed_s, rel=0.2)


def test_json_events_are_objects(progress: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    observer = JsonEvents()
    observer.begin(progress)
    observer.note("train", "training", step=3)
    observer.end(progress)
    events = [json.loads(shown) for shown in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["train", "progress"]
    assert events[1]["samples"] == 120


RATE = {"value": 0.123, "low": 0.1, "high": 0.2}
NO_RATE = {"value": None, "low": None, "high": None}
MEASURED = {"n_problems": 3, "n_samples": 12, "n_unjudged": 0, "n_truncated": 2, "pass_at": {"1": RATE, "4": RATE}}
EVALUATION = {"title": "[b]base model", **MEASURED, "vs_base": RATE, "vs_previous": RATE}
ROUND = {
    "round": 0,
    "training_problems": MEASURED,
    "funnel": {"problems": {"solved": 2}, "kept": 5, "dropped": {"incorrect": 1000, "false_equations": 2000}},
}


def test_figures_that_could_not_be_had_are_dashes() -> None:
    row = EVALUATION | {"n_samples": 0, "n_unjudged": 12, "pass_at": {"1": NO_RATE}}
    shown = text(closing_tables({"evaluations": [row], "rounds": []}))
    assert "[b]base model" in shown
    assert "–" in shown


def test_without_a_sample_there_is_no_table() -> None:
    nothing = MEASURED | {"n_samples": 0}
    rounds = [ROUND | {"training_problems": nothing, "funnel": None}]
    assert closing_tables({"evaluations": [EVALUATION | nothing], "rounds": rounds}) is None


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_closing_tables_keep_their_words_whole(width: int) -> None:
    shown = text(closing_tables({"evaluations": [EVALUATION], "rounds": [ROUND]}), width)
    for words in ("Held-out problems (3)", "[b]base model", "12.3% [10.0, 20.0]", "change from base", "truncated"):
        assert words in shown
    assert "1000 incorrect, 2000 false_equations" in " ".join(shown.split())
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width


def test_before_the_first_sample_the_engine_is_starting() -> None:
    progress = Progress("round 0", total=8, requested=8)
    for shown in (line(progress), text(panel(progress))):
        assert "the engine is starting" in shown
    progress.first_sample, progress.sampled = progress.started, 1
    for shown in (line(progress), text(panel(progress))):
        assert "the engine is starting" not in shown
