"""Measures a model on the problems that are never trained on."""

from dataclasses import asdict
from pathlib import Path

from rft.errors import InputError
from rft.metrics.evaluation import Measurement
from rft.models import identity
from rft.prompts.render import render
from rft.rounds.estep import Draw
from rft.rounds.sample import bind
from rft.rounds.session import Session
from rft.seeds import derive_seed
from rft.store.files import write_json
from rft.types import SamplingParams


def evaluate(session: Session, folder: Path, model: str, title: str) -> Measurement:
    """Returns a model's figures on the held-out problems; samples that are there already are used.

    The seeds come from the model's identity, so that neither a title nor the place of a folder changes a sample.

    Args:
        session: the open run.
        folder: where the evaluation lives (see ``eval_folder``).
        model: a folder or a hub id.
        title: for people.

    Raises:
        InputError: no problem is held out, or the folder holds the samples of another model.
    """
    config = session.config
    if not config.eval.enabled:
        raise InputError("eval.enabled is false in this run; no problem is held out")
    temperature = config.eval.temperature
    changes: dict[str, float] = {} if temperature is None else {"temperature": temperature}
    draw = Draw(
        problems=lambda: session.run.problems(held_out=True),
        ids=lambda: session.run.problem_ids(held_out=True),
        render=lambda problem: render(problem, config.prompt),
        n=config.eval.n,
        params=SamplingParams(**(asdict(config.sampling.params()) | changes)),
        round=0,
        seed=derive_seed(config.seed, "eval", bind(folder, model)),
    )
    with session.stage("evaluate", of=title):
        session.estep(folder, title).run(draw, session.sampler(model))
    return write_measurement(session, folder, model)


def write_measurement(session: Session, folder: Path, model: str) -> Measurement:
    """Returns the figures of an evaluation's verdicts, which it also writes to the folder's ``metrics.json``."""
    measured = session.measure(folder, session.run.problem_ids(held_out=True), session.config.eval.k)
    write_json(folder / "metrics.json", {"model": model, **measured.summary.to_json()})
    return measured


def eval_folder(session: Session, model: str) -> Path:
    """Returns where a model's evaluation lives: that of a round, the baseline, or one of its own by identity."""
    run = session.run
    if model == session.base_model:
        return run.path / "baseline" / "eval"
    folder = Path(model).resolve()
    for parent in (folder, *folder.parents):
        if parent.name == "train" and parent.parent.parent == run.path.resolve():
            return run.path / parent.parent.name / "eval"
    return run.path / "evals" / f"{folder.name}-{identity(model)[:12]}"
