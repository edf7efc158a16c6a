"""``rft init`` and ``rft doctor``: the first commands on a new machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from rft.cli.common import AsJson
from rft.report.output import print_table


def init(path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("run.yaml")) -> None:
    """Writes a commented config that runs as it is."""
    from rft.config.starter import write_starter

    write_starter(path)
    print(f"wrote {path}; start it with: rft run {path}")


def doctor(as_json: AsJson = False) -> None:
    """Looks for engine, GPUs, trainer, checker, model, Docker and disk, and says what to do about what is missing."""
    from dataclasses import asdict

    from rft.cli.doctor import examine

    findings = examine()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
        return
    rows = [("ok" if finding.ok else "–", finding.name, finding.seen, finding.remedy) for finding in findings]
    print_table(("", "part", "seen", "what to do"), rows)
