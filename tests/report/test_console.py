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


def text(shown: object) -> str:
    console = Console(file=StringIO(), width=100)
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


def test_a_table_without_figures_shows_dashes() -> None:
    rate = {"value": None, "low": None, "high": None}
    row = {
        "title": "[b]base",
        "n_problems": 3,
        "n_samples": 0,
        "n_unjudged": 0,
        "n_truncated": 0,
        "pass_at": {"1": rate},
    }
    shown = text(closing_tables({"evaluations": [row], "rounds": []}))
    assert "[b]base" in shown
    assert "–" in shown
