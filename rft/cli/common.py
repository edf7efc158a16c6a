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
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Changes to the config, e.g. sampling.n=32. A path here is taken from the current folder, a path in a "
        "config from the config's.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Progress and result as JSON, for scripts.")]
SandboxKind = Annotated[str | None, typer.Option(help="Where programs run: local, docker, http.", show_default=False)]
Split = Annotated[
    str | None, typer.Option(help="Which split of a task; default: train, or the first.", show_default=False)
]
NoLock = Annotated[
    bool,
    typer.Option("--no-lock", help="Take no lock, on a file system that has none. Run only one process at a time."),
]
RoundNumber = Annotated[int, typer.Option("--round", help="Which round.", min=0)]


@contextmanager
def open_target(
    target: Path, overrides: list[str] | None, as_json: bool, no_lock: bool = False, references: bool = False
) -> Iterator["Session"]:
    """Opens the run that a command was pointed at, and closes it; Ctrl-C ends with the command that goes on.

    With ``references`` a changed task is what the command expects (``rft rejudge --references``).
    """
    from rft.components import read_target
    from rft.report.console import observer
    from rft.report.trackers import watching
    from rft.rounds.opening import open_session

    config = read_target(target, overrides or [])
    text = target.read_text("utf-8") if target.is_file() else ""
    watch = watching(observer(as_json), [(tracker.kind, tracker.options) for tracker in config.trackers])
    try:
        session = open_session(config, watch, text, references=references, locked=not no_lock)
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
