"""``rft rejudge``: verdicts on a run's stored samples, again."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rft.cli.common import AsJson, NoLock, Overrides, Target, open_target
from rft.errors import InputError
from rft.report.output import show

if TYPE_CHECKING:
    from rft.rounds.rejudge import Rejudged

SHOWN = 20
"""Flips that are listed for a person; ``--json`` has all."""


def rejudge(
    target: Target,
    overrides: Overrides = None,
    number: Annotated[
        int | None, typer.Option("--round", help="Only this round; default: all, and evaluations.", min=0)
    ] = None,
    references: Annotated[
        bool, typer.Option("--references", help="Read the task's references again. Samples are kept.")
    ] = False,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Judges a run's stored samples again, and lists those whose outcome is another now. Nothing is sampled.

    What could not be judged before is tried again. Changed settings of a verifier (verifiers.math.units=convert) and
    corrected references (--references) hold for all later commands on the run.
    """
    from rft.rounds.loop import write_metrics
    from rft.rounds.rejudge import rejudge as judge_again

    if references and number is not None:
        raise InputError("--references holds for the whole run; leave --round out")
    with open_target(target, overrides, as_json, no_lock, references) as session:
        result = judge_again(session, number, references)
        write_metrics(session)
        if result.flips:
            next_step = f"`rft run {session.run.path}` selects, and trains, with the new verdicts"
            session.observer.note("next", f"the figures in metrics.json are new; {next_step}")
        flips = [asdict(flip) for flip in result.flips]
        facts = {"judged": result.judged, "flips": len(flips)}
        if references:
            facts["changed_references"] = result.changed_references
        show({**facts, "flipped": flips if as_json else list(_lines(result))}, as_json)


def _lines(result: "Rejudged") -> Iterator[str]:
    for flip in result.flips[:SHOWN]:
        yield f"{flip.stage}: {flip.problem_id}, sample {flip.index}: {flip.before} -> {flip.after}"
    if len(result.flips) > SHOWN:
        yield f"and {len(result.flips) - SHOWN} more; --json lists all"
