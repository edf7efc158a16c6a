"""``rft models``: lists and fetches the embedded models."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rft.models import EMBEDDED, EmbeddedModel, cache_folder
from rft.models.table import fault
from rft.report.output import print_table

app = typer.Typer(no_args_is_help=False, help="Lists and fetches the embedded models.")


@app.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """Lists the embedded models."""

    if context.invoked_subcommand is None:
        folders = {name: cache_folder() / "models" / name for name in EMBEDDED}
        rows = [(name, model.license, model.about, _where(folders[name], model)) for name, model in EMBEDDED.items()]
        print_table(("model", "licence", "what it is", "here"), rows)


def _where(folder: Path, model: EmbeddedModel) -> str:
    if not folder.exists():
        return "not fetched"
    return str(folder) if fault(folder, model) is None else "made by an older converter; fetch it again"


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="An embedded model's name.")] = "smollm2-135m") -> None:
    """Fetches an embedded model and converts it once; prints its folder."""
    from rft.models import embedded

    print(embedded(name, lambda message: print(message, file=sys.stderr)))
