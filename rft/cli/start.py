"""``rft hello``, ``rft init`` and ``rft doctor``: the first commands on a new machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rft.cli.common import AsJson, open_target
from rft.report.output import print_table, show_metrics


def init(path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("run.yaml")) -> None:
    """Writes a commented config that runs as it is."""
    from rft.config.starter import write_starter

    write_starter(path)
    print(f"wrote {path}; start it with: rft run {path}")


def hello(
    runs: Annotated[Path, typer.Option(help="The folder in which the run hello is made.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Sends stored completions of a real model through the whole line: judged, selected, exported, measured."""
    from importlib.resources import as_file, files

    from rft.rounds.loop import run_rounds

    with (
        as_file(files("rft.hello")) as folder,
        open_target(folder / "hello.yaml", [f"runs={json.dumps(str(runs))}"], as_json) as session,
    ):
        show_metrics(run_rounds(session), session.run.path / "metrics.json", as_json)


def doctor(as_json: AsJson = False) -> None:
    """Looks for engine, GPUs, trainer, checker, model, Docker and disk, and says what to do about what is missing."""
    from dataclasses import asdict

    from rft.cli.doctor import inspect_machine

    findings = inspect_machine()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
        return
    rows = [("ok" if finding.ok else "–", finding.name, finding.seen, finding.remedy) for finding in findings]
    print_table(("", "part", "seen", "what to do"), rows)
