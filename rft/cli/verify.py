"""``rft verify``: verdicts on a bare file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rft.cli.common import AsJson, Overrides, SandboxKind
from rft.errors import InputError, UnjudgedError
from rft.report.output import show

if TYPE_CHECKING:
    from rft.types import Verifier


def verify(
    target: Annotated[Path, typer.Argument(help="A JSONL file of completions.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Where the verdicts of a JSONL file go.")] = None,
    verifier: Annotated[str | None, typer.Option(help="For lines of a JSONL file that name none.")] = None,
    sandbox: SandboxKind = None,
    workers: Annotated[int, typer.Option(help="Problems of a JSONL file judged at the same time.", min=1)] = 2,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave unreadable lines out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judges a bare JSONL file. A run's stored samples are judged again by ``rft rejudge``."""
    if target.is_dir() or target.suffix in (".yaml", ".yml"):
        what = "folder" if target.is_dir() else "config"
        raise InputError(
            f"{target} is a {what}, not a JSONL file of completions; `rft rejudge {target}` judges a run's samples"
        )
    if not (target.suffix == ".jsonl" or target.suffixes[-2:] == [".jsonl", ".gz"]):
        if str(target) == "-":
            raise InputError(
                "the standard input can be read once only, and the lines are all checked before the first is judged; "
                "write them to a file and name it"
            )
        raise InputError(f"{target} is not a JSONL file; give completions as .jsonl or .jsonl.gz")
    if out is None:
        raise InputError(f"say where the verdicts of {target} should go: --out verdicts.jsonl")
    _verify_file(target, out, overrides or [], verifier, sandbox, workers, skip_bad_rows, as_json)


def _verify_file(
    source: Path,
    out: Path,
    overrides: list[str],
    verifier: str | None,
    sandbox: str | None,
    workers: int,
    skip_bad: bool,
    as_json: bool,
) -> None:
    from rft.components import bare_verifiers
    from rft.config.schema import VerifyConfig
    from rft.judging.bare_file import judge_file
    from rft.types import Outcome

    get = bare_verifiers(overrides, sandbox)

    def known(name: str, where: str) -> "Verifier":
        if ":" in name and name != verifier:  # a data file must not choose what is imported
            raise InputError(f"verifier '{name}'{where} is a path to code; only --verifier may name one")
        return get(name, where)

    try:
        outcomes, n_skipped = judge_file(source, out, known, verifier, workers, skip_bad)
    finally:
        get.close()
    counts = {str(outcome): count for outcome, count in outcomes.items()}
    facts = {"judged": outcomes.total(), **counts, "skipped": n_skipped, "file": str(out)}
    if str(out) != "-":  # else stdout holds the verdicts
        show(facts, as_json)
    n_unjudged, allowed = outcomes[Outcome.UNJUDGED], VerifyConfig().max_unjudged
    if n_unjudged > allowed * outcomes.total():
        raise UnjudgedError(
            f"{n_unjudged} of {outcomes.total()} lines could not be judged, more than {allowed:.0%}; {out} says why"
        )
