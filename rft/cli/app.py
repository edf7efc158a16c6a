"""The command line. Results go to stdout or files, progress to stderr.

Exit codes: 0 done (also when nothing was left to do), 1 failed, 2 bad input, 3 a gate said no, 130 interrupted and
resumable. Commands import what they need when they run, so that ``rft --help`` answers at once.
"""

import errno
import json
import signal
import sys
from typing import Annotated, Any

import typer

from rft.cli import check, cross, models, rejudge, run, sandbox, start, tasks, verify
from rft.errors import RftError, printable

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Rejection sampling fine-tuning for code and math: sample, verify, select, train, measure, again.",
)
app.command()(run.run)
app.command()(run.sample)
app.command()(verify.verify)
app.command()(rejudge.rejudge)
app.command()(run.select)
app.command()(run.export)
app.command()(run.train)
app.command(name="eval")(run.evaluate)
app.command()(check.check)
app.command()(cross.cross)
app.command()(start.hello)
app.command()(start.init)
app.command()(start.doctor)
app.add_typer(tasks.app, name="tasks")
app.add_typer(models.app, name="models")
app.add_typer(sandbox.app, name="sandbox")

ENVIRONMENT_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""What the machine, not the program, is to blame for: a full or read-only disk, missing rights."""

MACHINE_FAILED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""Those of them that are a failure (exit code 1): once it is fixed, the same command goes on. The others are input."""


def _show_version(wanted: bool) -> None:
    if wanted:
        from rft.version import __version__

        print(f"rft {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before any command."""


def main() -> None:
    """Entry point: turns our errors into one sentence and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except RftError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in ENVIRONMENT_FAULTS:
            raise
        place = f" {error.filename}" if error.filename else ""
        code = 1 if error.errno in MACHINE_FAILED else 2
        _fail(f"cannot read or write{place}: {error.strerror}; fix that and run the same command again", code)


def _fail(message: str, exit_code: int) -> None:
    if "--json" in sys.argv:
        print(json.dumps({"event": "error", "message": message, "exit_code": exit_code}), file=sys.stderr)
    else:
        print(f"rft: {printable(message)}", file=sys.stderr)
    sys.exit(exit_code)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
