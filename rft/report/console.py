"""What a person or a script sees of a run: a live panel on a terminal, plain lines elsewhere, JSON events on request.

Progress goes to stderr, results to stdout. Whatever a model or a user wrote is escaped before it is shown.
"""

import json
import sys
import threading
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rft.errors import printable
from rft.report.progress import Observer, Progress
from rft.types import Outcome

COLOURS = {
    Outcome.CORRECT: "green",
    Outcome.INCORRECT: "red",
    Outcome.TRUNCATED: "yellow",
    Outcome.UNJUDGED: "magenta",
}
PLAIN_EVERY_S = 10.0
BAR_WIDTH = 60


def observer(as_json: bool) -> Observer:
    """Returns the way to show progress that fits where stderr goes."""
    if as_json:
        return JsonEvents()
    console = Console(stderr=True)
    return LivePanel(console) if console.is_terminal else PlainLines()


class LivePanel:
    """A panel that redraws itself while an E-step runs."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Live | None = None

    def begin(self, progress: Progress) -> None:
        """Opens the panel."""
        self._live = Live(_Redrawn(progress), console=self.console, refresh_per_second=4, transient=True)
        self._live.start()

    def end(self, progress: Progress) -> None:
        """Closes it and leaves one line."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self.console.print(escape(line(progress)), highlight=False)

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Prints a line above the panel."""
        self.console.print(escape(printable(message)), highlight=False)


class PlainLines:
    """A line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, progress: Progress) -> None:
        """Starts to print."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._print_often, args=(progress,), daemon=True)
        self._thread.start()

    def end(self, progress: Progress) -> None:
        """Prints the last line."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._print(progress)

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Prints a line."""
        print(printable(message), file=sys.stderr, flush=True)

    def _print_often(self, progress: Progress) -> None:
        while not self._stop.wait(PLAIN_EVERY_S):
            self._print(progress)

    def _print(self, progress: Progress) -> None:
        print(line(progress), file=sys.stderr, flush=True)


class JsonEvents(PlainLines):
    """One JSON object per event, for scripts."""

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Prints an event."""
        print(json.dumps({"event": event, "message": message, **facts}), file=sys.stderr, flush=True)

    def _print(self, progress: Progress) -> None:
        print(json.dumps(progress.event()), file=sys.stderr, flush=True)


class _Redrawn:
    """Draws the state anew at every refresh."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def __rich__(self) -> Panel:
        return panel(self.progress)


def panel(progress: Progress) -> Panel:
    """Returns the panel of an E-step."""
    facts = Table.grid(padding=(0, 3))
    facts.add_row("samples", f"{progress.done:,} / {progress.total:,}", "in flight", f"{progress.in_flight:,}")
    facts.add_row("tokens/s", f"{progress.tokens_per_s:,.0f}", "judged", f"{progress.judged:,}")
    facts.add_row("pass@1 so far", _share(progress.pass_at_1), "time left", duration(progress.eta_s))
    done = Table.grid()  # a bar alone ends without a line break
    done.add_row(ProgressBar(total=max(progress.total, 1), completed=progress.done, width=BAR_WIDTH))
    if progress.is_starting:
        facts = Table.grid()
        facts.add_row(f"the engine is starting · {duration(progress.elapsed_s)} gone")
    return Panel(Group(done, facts, _outcome_bar(progress), _legend(progress)), title=escape(progress.title), width=72)


def line(progress: Progress) -> str:
    """Returns the state of an E-step in one line."""
    if progress.is_starting:
        return f"{progress.title}: the engine is starting · {duration(progress.elapsed_s)} gone"
    counts = " · ".join(f"{progress.outcomes[outcome]:,} {outcome.value}" for outcome in Outcome)
    return (
        f"{progress.title}: {progress.done:,}/{progress.total:,} samples · {counts} · "
        f"pass@1 {_share(progress.pass_at_1)} · {progress.tokens_per_s:,.0f} tokens/s · "
        f"{duration(progress.elapsed_s)} gone · {duration(progress.eta_s)} left"
    )


def training_line(event: Mapping[str, Any]) -> str:
    """Returns a trainer's progress event (see ``rft.trainers.trl.trainer``) in one line.

    >>> training_line({"event": "step", "step": 5, "steps": 39, "loss": 0.6763, "elapsed_s": 16.6, "eta_s": 113.2})
    'training: step 5/39 · loss 0.676 · 0:17 gone · 1:53 left'
    """
    match event:
        case {"event": "step", "step": step, "steps": steps, "loss": loss}:
            gone, left = duration(event.get("elapsed_s")), duration(event.get("eta_s"))
            return f"training: step {step}/{steps} · loss {loss:.3f} · {gone} gone · {left} left"
        case {"event": "data", "rows": rows, "tokens": tokens, "too_long": too_long}:
            left_out = f" ({too_long} too long and left out)" if too_long else ""
            return f"training: {rows:,} rows, {tokens:,} tokens{left_out}"
    return "training: " + ", ".join(f"{name} {value}" for name, value in event.items())


def duration(seconds: float | None) -> str:
    """Returns e.g. ``4:05`` or ``1:02:03``; a dash for an unknown time.

    >>> duration(245), duration(3723), duration(None)
    ('4:05', '1:02:03', '–')
    """
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _outcome_bar(progress: Progress) -> Text:
    bar = Text()
    for outcome, colour in COLOURS.items():
        bar.append("█" * round(BAR_WIDTH * progress.outcomes[outcome] / max(progress.judged, 1)), colour)
    return bar


def _legend(progress: Progress) -> Text:
    legend = Text()
    for outcome, colour in COLOURS.items():
        legend.append(f"■ {outcome.value} {progress.outcomes[outcome]:,}  ", colour)
    return legend


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
