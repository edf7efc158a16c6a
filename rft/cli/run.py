"""``rft run`` and its stages, each reading and writing files of the run."""

from contextlib import suppress
from typing import Annotated

import typer

from rft.cli.common import AsJson, NoLock, Overrides, RoundNumber, Target, open_target
from rft.errors import RftError
from rft.report.output import show, show_metrics


def run(target: Target, overrides: Overrides = None, as_json: AsJson = False, no_lock: NoLock = False) -> None:
    """Runs the whole loop: rounds of sample, verify, select, train and measure. The same call resumes."""
    from rft.rounds.loop import run_rounds, write_metrics

    with open_target(target, overrides, as_json, no_lock) as session:
        try:
            metrics = run_rounds(session)
        except RftError:
            with suppress(RftError, OSError):  # what stopped the run may stop this too, and comes first
                show_metrics(write_metrics(session), session.run.path / "metrics.json", as_json)
            raise
        show_metrics(metrics, session.run.path / "metrics.json", as_json)


def sample(
    target: Target,
    overrides: Overrides = None,
    number: RoundNumber = 0,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Draws the candidates of a round, without judging them."""
    from rft.rounds.sample import sample as draw

    with open_target(target, overrides, as_json, no_lock) as session:
        progress = draw(session, number, judge=False)
        show({"samples": progress.done, "folder": str(session.run.round(number) / "samples")}, as_json)


def select(
    target: Target,
    overrides: Overrides = None,
    number: RoundNumber = 0,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Chooses the training rows of a round from its judged samples, and says why the others were dropped."""
    from rft.rounds.select import select as choose

    with open_target(target, overrides, as_json, no_lock) as session:
        funnel = choose(session, number)
        show({**funnel, "file": str(session.run.round(number) / "selected.parquet")}, as_json)


def export(
    target: Target,
    overrides: Overrides = None,
    number: RoundNumber = 0,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Writes a round's training files: chat messages and prompt/completion, as JSONL and Parquet."""
    from rft.rounds.select import export as write
    from rft.rounds.select import select as choose

    with open_target(target, overrides, as_json, no_lock) as session:
        choose(session, number)
        folder = write(session, number).train_file.parent
        show({"files": [str(path) for path in sorted(folder.iterdir())]}, as_json)


def train(
    target: Target,
    overrides: Overrides = None,
    number: RoundNumber = 0,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Fine-tunes on a round's selected rows and says where the new model is."""
    from rft.rounds.select import select as choose
    from rft.rounds.train import train as fit

    with open_target(target, overrides, as_json, no_lock) as session:
        if session.trainer is not None:
            choose(session, number)
        show({"model": fit(session, number)}, as_json)


def evaluate(
    target: Target,
    overrides: Overrides = None,
    model: Annotated[str | None, typer.Option(help="A folder, hub id or embedded model; default: the base.")] = None,
    as_json: AsJson = False,
    no_lock: NoLock = False,
) -> None:
    """Measures a model on the held-out problems: pass@k with intervals."""
    from rft.models import resolve
    from rft.rounds.evaluate import eval_folder
    from rft.rounds.evaluate import evaluate as measure

    with open_target(target, overrides, as_json, no_lock) as session:
        which = resolve(model) if model else session.base_model
        folder = eval_folder(session, which)
        title = "base model" if which == session.base_model else which
        measured = measure(session, folder, which, title)
        figures = {"evaluations": [{"title": which or title, **measured.summary.to_json()}], "rounds": []}
        show_metrics(figures, folder / "metrics.json", as_json)
