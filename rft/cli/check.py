"""``rft check``: proves a task before a GPU is spent on it."""

from pathlib import Path
from typing import Annotated

import typer

from rft.cli.common import AsJson, RoundNumber, SandboxKind, Split, task_of
from rft.errors import InputError
from rft.report.output import show


def check(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A task's name; with --cross also a JSONL file or a run's folder.")
    ],
    options: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="The task's options.")] = None,
    split: Split = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many problems, or lines.", min=1)] = None,
    sandbox: SandboxKind = None,
    cross: Annotated[bool, typer.Option("--cross", help="Compare with math-verify instead, on math problems.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --cross: all differences go here, as JSONL.")] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave unreadable lines out.")] = False,
    number: RoundNumber = 0,
    as_json: AsJson = False,
) -> None:
    """Proves a task without a model: references pass; empty and wrong answers fail. Exit code 3 if not.

    With --cross nothing is proved: math-verify judges the same completions; differences are listed. Exit code 0.

    rft check gsm8k --cross: the task's own references and near misses.

    rft check answers.jsonl --cross --out differences.jsonl: lines as rft verify takes them.

    rft check runs/demo --cross --round 1: a run's stored samples.
    """
    from rft.components import Verifiers, default_split, sandbox_config
    from rft.errors import GateError
    from rft.judging.proof import check_task

    if cross:
        from rft.judging.cross import check_across
        from rft.report.comparison import print_comparison

        result = check_across(target, options or [], split, limit, number, skip_bad_rows, out)
        if as_json:
            show(result.to_json(), as_json)
        else:
            print_comparison(result, out)
        return
    if out or target.endswith((".jsonl", ".jsonl.gz")):
        raise InputError("a task is proved by its name; --out and JSONL files go with --cross")
    verifiers = Verifiers(sandbox=sandbox_config(sandbox, {}))
    try:
        task = task_of(target, options)
        split = split or default_split(task)
        report = check_task(task.problems(split), verifiers, limit)
    finally:
        verifiers.close()
    show(report.to_json(), as_json)
    if not report.passed:
        raise GateError(f"task '{target}', split '{split}': {report.n_findings} findings; see above")
