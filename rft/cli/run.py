"""``rft run`` and its stages, each reading and writing files of the run."""

from contextlib import suppress
from typing import Annotated

import typer

from rft.cli.common import AsJson, Overrides, RoundNumber, Target, open_target
from rft.errors import InputError, RftError
from rft.report.output import show, show_metrics


def run(target: Target, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Runs the whole loop: rounds of sample, verify, select, train and measure. The same call resumes."""
    from rft.rounds.loop import run_rounds, write_metrics

    with open_target(target, overrides, as_json) as session:
        try:
            metrics = run_rounds(session)
        except RftError:
            with suppress(RftError, OSError):  # what stopped the run may stop this too, and comes first
                show_metrics(write_metrics(session), session.run.path / "metrics.json", as_json)
            raise
        show_metrics(metrics, session.run.path / "metrics.json", as_json)


def sample(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Draws the candidates of a round, without judging them."""
    with open_target(target, overrides, as_json) as session:
        progress = session.sample(number, judge=False)
        show({"samples": progress.done, "folder": str(session.run.round(number) / "samples")}, as_json)


def select(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Chooses the training rows of a round from its judged samples, and says why the others were dropped."""
    with open_target(target, overrides, as_json) as session:
        funnel = session.select(number)
        show({**funnel, "file": str(session.run.round(number) / "selected.parquet")}, as_json)


def export(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Writes a round's training files: chat messages and prompt/completion, as JSONL and Parquet."""
    with open_target(target, overrides, as_json) as session:
        session.select(number)
        folder = session.export(number).parent
        show({"files": [str(path) for path in sorted(folder.iterdir())]}, as_json)


def train(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Fine-tunes on a round's selected rows and says where the new model is."""
    with open_target(target, overrides, as_json) as session:
        if session.trainer is None:
            raise InputError("train.kind is none; choose a trainer, e.g. train.kind=trl")
        session.select(number)
        show({"model": session.train(number)}, as_json)


def evaluate(
    target: Target,
    overrides: Overrides = None,
    model: Annotated[str | None, typer.Option(help="A folder, hub id or embedded model; default: the base.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measures a model on the held-out problems: pass@k with intervals."""
    from rft.models import resolve

    with open_target(target, overrides, as_json) as session:
        if not session.config.eval.enabled:
            raise InputError("eval.enabled is false in this run; no problem is held out")
        found = resolve(model) if model else session.base_model
        folder = session.eval_folder(found)
        measured = session.evaluate(folder, found, "base model" if found == session.base_model else found)
        figures = {"evaluations": [{"title": found, **measured.summary.to_json()}], "rounds": []}
        show_metrics(figures, folder / "metrics.json", as_json)
