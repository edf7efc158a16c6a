"""The closing tables of a run: every rate with its interval and n, the truncated and the unjudged beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from rft.types import JSON

TEXT_COLUMNS = frozenset({"model", "dropped"})
"""Columns of words; the others hold numbers and stand at the right."""


def closing_tables(metrics: Mapping[str, JSON]) -> RenderableType | None:
    """Returns the tables of ``metrics.json``; None where nothing was sampled, so that there are no figures."""
    evaluations = [row for row in metrics["evaluations"] if _n_samples(row)]
    rounds = [row for row in metrics["rounds"] if _n_samples(row["training_problems"])]
    parts: list[RenderableType] = []
    if evaluations:
        title = f"Held-out problems ({evaluations[0]['n_problems']})"
        parts.append(Fitting(title, [_evaluation(row) for row in evaluations]))
    if rounds:
        parts.append(Fitting("Rounds (training problems)", [_round(row) for row in rounds]))
    return Group(*parts) if parts else None


@dataclass(frozen=True)
class Fitting:
    """Rows of named cells: a table where it fits, else a list of facts under each row's name. No word is cut."""

    title: str
    rows: list[dict[str, str]]
    """Column -> cell, the same columns in every row; the first is the row's name."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the table, or the lists."""
        table = self._table()
        wide = options.update(width=10_000)
        if Measurement.get(console, wide, table).maximum <= options.max_width:
            yield table
            return
        yield Text(self.title, style="italic")
        for row in self.rows:
            (heading, name), *facts = row.items()
            yield Text(f"{heading} {name}", style="bold")
            grid = Table.grid(padding=(0, 2))
            grid.add_column(no_wrap=True)
            grid.add_column(overflow="fold")
            for column, cell in facts:
                grid.add_row(f"  {escape(column)}", escape(cell))
            yield grid

    def _table(self) -> Table:
        table = Table(title=escape(self.title))
        for column in self.rows[0]:
            table.add_column(escape(column), justify="left" if column in TEXT_COLUMNS else "right")
        for row in self.rows:
            table.add_row(*map(escape, row.values()))
        return table


def _n_samples(figures: Mapping[str, JSON]) -> int:
    return int(figures["n_samples"] + figures["n_unjudged"])


def _evaluation(row: Mapping[str, JSON]) -> dict[str, str]:
    return {
        "model": row["title"],
        "samples": str(_n_samples(row)),
        **{f"pass@{k} [interval]": share(interval) for k, interval in row["pass_at"].items()},
        "change from base": share(row.get("vs_base"), signed=True),
        "from the one before": share(row.get("vs_previous"), signed=True),
        "truncated": str(row["n_truncated"]),
        "unjudged": str(row["n_unjudged"]),
    }


def _round(row: Mapping[str, JSON]) -> dict[str, str]:
    figures, funnel = row["training_problems"], row["funnel"] or {}
    return {
        "round": str(row["round"]),
        "samples": str(_n_samples(figures)),
        "pass@1 [interval]": share(figures["pass_at"]["1"]),
        "truncated": str(figures["n_truncated"]),
        "unjudged": str(figures["n_unjudged"]),
        "solved": f"{funnel.get('problems', {}).get('solved', '–')} of {figures['n_problems']}",
        "rows kept": str(funnel.get("kept", "–")),
        "dropped": ", ".join(f"{count} {reason}" for reason, count in funnel.get("dropped", {}).items() if count),
    }


def share(interval: Mapping[str, JSON] | None, signed: bool = False) -> str:
    """Returns a rate and its interval in percent.

    >>> share({"value": 0.083, "low": 0.05, "high": 0.12})
    '8.3% [5.0, 12.0]'
    """
    if interval is None or interval["value"] is None:
        return "–"
    sign = "+" if signed else ""
    value, low, high = (f"{100 * interval[name]:{sign}.1f}" for name in ("value", "low", "high"))
    return f"{value}% [{low}, {high}]"
