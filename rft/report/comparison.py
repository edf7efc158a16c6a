"""The tables of ``rft cross``: where two checkers differ."""

from pathlib import Path

from rft.errors import printable, short
from rft.judging.cross import CheckerComparison, Difference, Kind
from rft.report.output import print_table


def print_comparison(result: CheckerComparison, out: Path | None) -> None:
    """Prints the counts, what was left out, and the first differences."""
    total = max(result.n_compared, 1)
    rows = [(str(kind), str(result.counts[kind]), f"{result.counts[kind] / total:.1%}") for kind in Kind]
    print_table(("verdicts", "n", "share"), [*rows, ("compared", str(result.n_compared), "")])
    if result.left_out:
        print(f"left out: {', '.join(f'{n} {why}' for why, n in sorted(result.left_out.items()))}")
    if result.shown:
        columns = ("n", "id", "reference", "extracted", "ours", "math-verify", "it read")
        more = f", the first {len(result.shown)} of {result.n_differences}"
        title = f"Differences{more if result.n_differences > len(result.shown) else ''}"
        print_table(columns, map(_cells, result.times(), result.shown), title=title)
    if out:
        print(printable(f"all {result.n_differences} differences: {out}"))


def _cells(n: int, found: Difference) -> tuple[str, ...]:
    extracted = "(none)" if found.extracted is None else found.extracted
    texts = (found.id, found.reference, extracted, found.ours, found.math_verify, found.parsed or "(nothing)")
    return (str(n), *(short(text, 160, end=60) for text in texts))
