"""The closing tables of a run: every rate with its interval and n, the truncated and the unjudged beside it."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from rft.types import JSON


def closing_tables(metrics: Mapping[str, JSON]) -> RenderableType:
    """Returns the tables of ``metrics.json``."""
    parts: list[RenderableType] = []
    if metrics["evaluations"]:
        parts.append(_evaluations(metrics["evaluations"]))
    if metrics["rounds"]:
        parts.append(_rounds(metrics["rounds"]))
    return Group(*parts)


def _evaluations(rows: list[dict[str, JSON]]) -> Table:
    ks = list(rows[0]["pass_at"])
    first = rows[0]
    table = Table(title=f"Held-out problems ({first['n_problems']})")
    table.add_column("model")
    table.add_column("samples", justify="right")
    for k in ks:
        table.add_column(escape(f"pass@{k} [interval]"), justify="right")
    for name in ("change from base", "from the one before", "truncated", "unjudged"):
        table.add_column(name, justify="right")
    for row in rows:
        rates = [share(row["pass_at"][k]) for k in ks]
        deltas = [share(row.get(name), signed=True) for name in ("vs_base", "vs_previous")]
        n_samples = str(row["n_samples"] + row["n_unjudged"])
        table.add_row(escape(row["title"]), n_samples, *rates, *deltas, str(row["n_truncated"]), str(row["n_unjudged"]))
    return table


def _rounds(rows: list[dict[str, JSON]]) -> Table:
    table = Table(title="Rounds (training problems)")
    for name in (
        "round",
        "samples",
        escape("pass@1 [interval]"),
        "truncated",
        "unjudged",
        "solved",
        "rows kept",
        "dropped",
    ):
        table.add_column(name, justify="left" if name == "dropped" else "right")
    for row in rows:
        found, funnel = row["training_problems"], row["funnel"] or {}
        table.add_row(
            str(row["round"]),
            str(found["n_samples"] + found["n_unjudged"]),
            share(found["pass_at"]["1"]),
            str(found["n_truncated"]),
            str(found["n_unjudged"]),
            f"{funnel.get('problems', {}).get('solved', '–')} of {found['n_problems']}",
            str(funnel.get("kept", "–")),
            ", ".join(f"{count} {reason}" for reason, count in funnel.get("dropped", {}).items() if count),
        )
    return table


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
