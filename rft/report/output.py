"""Prints results to stdout: facts line by line, tables, or one JSON object for scripts."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rft.errors import printable

PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Prints plain text in a table whose cells wrap and are never cut."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title and escape(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    print_rich(table)


def print_rich(shown: Any) -> None:
    """Prints something of rich's, as wide as the terminal, or wide enough where there is none."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, PIPE_WIDTH))
    console.print(shown)


def show(facts: dict[str, Any], as_json: bool) -> None:
    """Prints one fact a line, or all as one JSON object."""
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if isinstance(value, list):
            shown = "".join(f"\n  {item}" for item in value or ["none"])
        elif isinstance(value, dict):
            shown = " " + ", ".join(f"{key} {_brief(item)}" for key, item in value.items())
        else:
            shown = f" {value}"
        print(printable(f"{name}:{shown}"))


def _brief(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return "(" + ", ".join(f"{key} {item}" for key, item in value.items()) + ")"


def show_metrics(metrics: dict[str, Any], file: Path, as_json: bool) -> None:
    """Prints the closing tables of a run, or all figures as one JSON object; no table where there are no figures."""
    from rft.report.tables import closing_tables

    if as_json:
        print(json.dumps(metrics, ensure_ascii=False))
        return
    tables = closing_tables(metrics)
    if tables is None:
        return
    print_rich(tables)
    print(f"all figures: {file}")
