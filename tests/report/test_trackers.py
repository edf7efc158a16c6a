"""Those who watch a run beside the console."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from rft.errors import InputError
from rft.report.progress import Progress, Silent
from rft.report.trackers import watching
from rft.types import Outcome


@dataclass
class Deaf:
    """A class that is no observer."""


def test_a_tracker_is_told_all_that_the_console_is_told(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    observer = watching(Silent(), [("jsonl", {"path": str(path)})])
    progress = Progress("round 0", total=8)
    observer.begin(progress)
    progress.sampled = 8
    progress.outcomes[Outcome.CORRECT] = 8
    observer.end(progress)
    observer.note("train_step", "training: step 5/39", step=5, loss=0.6)
    first, last, step = (json.loads(line) for line in path.read_text().splitlines())
    assert (first["event"], first["samples"], first["total"]) == ("begin", 0, 8)
    assert (last["event"], last["stage"], last["samples"], last["correct"]) == ("end", "round 0", 8, 8)
    assert (step["event"], step["step"], step["loss"]) == ("train_step", 5, 0.6)
    assert first["time"] <= last["time"] <= step["time"]


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("jsonk", {}, "unknown tracker 'jsonk' in key 'trackers'; did you mean 'jsonl'"),
        ("jsonl", {}, "tracker 'jsonl', option 'path'"),
        ("jsonl", {"path": "/proc/none/events.jsonl"}, "cannot write /proc/none/events.jsonl"),
        (f"{__name__}:Deaf", {}, "has no method 'begin'"),
    ],
)
def test_a_tracker_that_cannot_watch_is_refused(kind: str, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        watching(Silent(), [(kind, options)])
