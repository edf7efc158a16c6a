"""``rft check``: proves a task before a GPU is spent on it."""

from typing import Annotated

import typer

from rft.cli.common import AsJson, SandboxKind, Split, task_of
from rft.errors import InputError
from rft.report.output import show


def check(
    target: Annotated[str, typer.Argument(metavar="TASK", help="A task's name.", show_default=False)],
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="The task's options.", show_default=False)
    ] = None,
    split: Split = None,
    limit: Annotated[int | None, typer.Option(help="Only the first N problems.", min=1)] = None,
    sandbox: SandboxKind = None,
    cross: Annotated[bool, typer.Option("--cross", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Proves a task without a model: references pass; empty and wrong answers fail. Exit code 3 if not."""
    from rft.components import Verifiers, default_split, sandbox_config
    from rft.errors import GateError
    from rft.judging.proof import check_task

    if cross:
        raise InputError(f"--cross is a command of its own now: rft cross {target}")
    if target.endswith((".jsonl", ".jsonl.gz")):
        raise InputError(
            f"a task is proved by its name: rft check jsonl path={target} prompt=COLUMN reference=COLUMN; "
            f"a file of completions is judged by `rft verify {target}`"
        )
    verifiers = Verifiers(sandbox=sandbox_config(sandbox, {}))
    try:
        task = task_of(target, options)
        split = split or default_split(task)
        report = check_task(task.problems(split), verifiers, limit)
    finally:
        verifiers.close()
    if not report.n_problems:
        raise InputError(f"task '{target}', split '{split}' holds no problems; there is nothing to prove")
    show(report.to_json(), as_json)
    if not report.passed:
        raise GateError(f"task '{target}', split '{split}': {report.why_not()}; see above")
