"""``rft tasks``: lists tasks and shows their problems."""

import json
from typing import Annotated

import typer

from rft.cli.common import Split, task_of
from rft.report.output import print_table

SHOWN = 4_000
"""Characters of one problem that ``rft tasks show`` prints."""
app = typer.Typer(no_args_is_help=False, help="Lists tasks and shows their problems.")


@app.callback(invoke_without_command=True)
def list_tasks(context: typer.Context) -> None:
    """Lists the tasks."""
    from rft.tasks import TASKS
    from rft.tasks.catalog import describe

    if context.invoked_subcommand is None:
        infos = [describe(kind) for kind in TASKS]
        rows = [(info.kind, ", ".join(info.splits or ("as given",)), info.summary) for info in infos]
        print_table(("task", "splits", "what it is"), rows)


@app.command(name="show")
def showtask_of(
    kind: Annotated[str, typer.Argument(help="A task's name.")],
    options: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Its options.")] = None,
    split: Split = None,
    n: Annotated[int, typer.Option("-n", help="How many problems.", min=0)] = 3,
) -> None:
    """Shows a task's options and its first problems."""
    from itertools import islice

    from rft.components import default_split
    from rft.tasks.catalog import describe

    info = describe(kind)
    rows = [(option.name, option.type, option.default or "(needed)", option.doc) for option in info.options]
    print_table(("option", "type", "default", "meaning"), rows, title=f"{kind}: {info.summary}")
    needs = [option.name for option in info.options if option.default is None]
    if n and (options or not needs):
        task = task_of(kind, options)
        for problem in islice(task.problems(split or default_split(task)), n):
            facts = {"id": problem.id, "prompt": problem.prompt, "reference": problem.reference}
            line = json.dumps({**facts, "verifier": problem.verifier}, ensure_ascii=False)
            print(line if len(line) <= SHOWN else f"{line[:SHOWN]} … ({len(line)} characters)")
