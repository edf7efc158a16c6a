"""What the commands share: their arguments, how a run is opened, how a task is built."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rft.rounds.session import Session
    from rft.types import Task

Target = Annotated[Path, typer.Argument(help="A config file, or the folder of a run.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the config, e.g. sampling.n=32.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Progress and result as JSON, for scripts.")]
SandboxKind = Annotated[str | None, typer.Option(help="Where programs run: local, docker, http.", show_default=False)]
Split = Annotated[
    str | None, typer.Option(help="Which split of a task; default: train, or the first.", show_default=False)
]
RoundNumber = Annotated[int, typer.Option("--round", help="Which round.", min=0)]


@contextmanager
def open_target(target: Path, overrides: list[str] | None, as_json: bool) -> Iterator["Session"]:
    """Opens the run that a command was pointed at, and closes it; Ctrl-C ends with the command that goes on."""
    from rft.components import read_target
    from rft.report.console import observer
    from rft.rounds.opening import open_session

    config = read_target(target, overrides or [])
    text = target.read_text("utf-8") if target.is_file() else ""
    try:
        session = open_session(config, observer(as_json), text)
        try:
            yield session
        finally:
            session.close()
    except KeyboardInterrupt:
        print(f"\nrft: interrupted; nothing is lost. Go on with: rft {again()}", file=sys.stderr)
        sys.stderr.flush()
        raise typer.Exit(130) from None


def again() -> str:
    """Returns the command line as it was given."""
    import shlex

    return shlex.join(sys.argv[1:])


def task_of(kind: str, options: list[str] | None) -> "Task":
    """Returns a task with options as they stand on the command line."""
    from rft.components import build_task
    from rft.config.schema import parse_overrides

    return build_task(kind, parse_overrides(options or []))
