"""The E-step of a round: draws and judges what is missing, and refuses to mix the samples of two models."""

from collections.abc import Callable
from pathlib import Path

from rft.checked.budget import CheckedBudget
from rft.config.schema import SamplingConfig
from rft.errors import InputError
from rft.models import identity
from rft.prompts.render import render
from rft.registry import build, load
from rft.report.progress import Progress
from rft.rounds.budgets import BUDGETS
from rft.rounds.estep import Draw
from rft.rounds.session import Session
from rft.rounds.turn import model_before, problem_ids_of, problems_of, refuse_if_closed
from rft.store.files import read_json, write_json
from rft.store.run import holds_samples
from rft.types import Budget, Problem


def sample(session: Session, number: int, judge: bool = True) -> Progress:
    """Draws and judges what is missing of a round.

    Args:
        session: the open run.
        number: which round.
        judge: False draws only (``rft sample``).

    Raises:
        InputError: a later round builds on this one, what is there was drawn from another model, or there is no
            problem to sample.
    """
    config = session.config
    refuse_if_closed(session, number)
    if not session.run.count_problems(held_out=False):
        raise InputError(
            f"every problem of {session.run.path} is held out, so there is none to sample in a round; "
            "`rft eval` measures on them"
        )
    folder, model = session.run.round(number), model_before(session, number)
    draw = Draw(
        problems=lambda: problems_of(session, number),
        ids=lambda: problem_ids_of(session, number),
        render=lambda problem: render(problem, config.prompt),
        n=_n_samples(config.sampling),
        params=config.sampling.params(),
        round=number,
        seed=config.seed,
    )
    bind(folder, model)
    with session.stage("sample", round=number):
        return session.estep(folder, f"round {number}").run(draw, session.sampler(model), judge)


def budget(config: SamplingConfig) -> Budget:
    """Returns how a round's samples are shared out, its options checked.

    Raises:
        InputError: there is no such budget, or an option is wrong.
    """
    kind, options = config.budget.kind, config.budget.options
    return CheckedBudget(kind, build("budget", kind, load("budget", kind, BUDGETS), options))


def _n_samples(config: SamplingConfig) -> int | Callable[[Problem], int]:
    if config.budget.kind == "uniform":  # the problems need not be read to know it
        return config.n
    chosen = budget(config)
    return lambda problem: chosen.n(problem, config.n)


def bind(folder: Path, model: str) -> str:
    """Notes which model the samples of a folder come from, and returns its identity.

    Raises:
        InputError: samples are there that another model wrote.
    """
    recorded, now = read_json(folder / "model.json"), model_identity(model)
    if recorded and recorded["identity"] != now and holds_samples(folder):
        raise InputError(
            f"the samples in {folder} were drawn from {recorded['model'] or 'no model'} ({recorded['identity']}); "
            f"{model or 'none'} is another model ({now}). Put the old one back, or start a new run with name=..."
        )
    if recorded.get("identity") != now:
        write_json(folder / "model.json", {"model": model, "identity": now})
    return now


def model_identity(model: str) -> str:
    """Returns a fingerprint of a model; ``none`` for a run that has none."""
    return identity(model) if model else "none"
