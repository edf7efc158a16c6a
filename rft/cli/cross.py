"""``rft cross``: where the math verifier and math-verify differ."""

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.common import AsJson, RoundNumber, Split
from rft.report.output import show


def cross(
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="A task's name, a JSONL file, a run's folder.", show_default=False),
    ],
    options: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...",
            help="The task's options; for a file verifiers.NAME.OPTION; for a run any key of its config.",
            show_default=False,
        ),
    ] = None,
    split: Split = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N problems, or lines.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="All differences go here, as JSONL.", show_default=False)] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave unreadable lines out.")] = False,
    number: RoundNumber = 0,
    as_json: AsJson = False,
) -> None:
    """Has math-verify judge the same completions as our math verifier, and lists where the two differ.

    It proves neither right; it shows where to look.

    rft cross gsm8k: the task's own references and near misses.

    rft cross answers.jsonl --out differences.jsonl: lines as rft verify takes them.

    rft cross runs/demo --round 1: a run's stored samples.
    """
    from rft.judging.cross import compare_target
    from rft.report.comparison import print_comparison

    result = compare_target(target, options or [], split, limit, number, skip_bad_rows, out)
    if as_json:
        show(result.to_json(), as_json)
    else:
        print_comparison(result, out)
