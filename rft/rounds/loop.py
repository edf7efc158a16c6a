"""ReST-EM on one screen: expectation (sample, verify), selection, maximisation (train), measurement, again.

Singh et al. 2023, arXiv 2312.06585, algorithm 1: the E-step draws from the model of the previous round and keeps what
a binary reward accepts; the M-step fine-tunes on that, by default from the base model anew.
"""

from pathlib import Path

from rft.metrics.evaluation import Measurement, interval_json
from rft.rounds.closed import keep
from rft.rounds.evaluate import evaluate
from rft.rounds.sample import sample
from rft.rounds.select import export, select
from rft.rounds.session import Session
from rft.rounds.train import train
from rft.rounds.turn import is_closed, is_trained, problem_ids_of
from rft.store.files import read_json, write_json
from rft.types import JSON


def run_rounds(session: Session) -> dict[str, JSON]:
    """Runs every round that is not done yet and returns the figures, which are also in ``metrics.json``.

    Raises:
        RftError: a stage could not be done; the same call goes on from there.
    """
    config, run = session.config, session.run
    if not all(is_trained(session, number) for number in range(config.loop.rounds)):
        session.check_trainer()
    if config.eval.enabled:
        evaluate(session, run.path / "baseline" / "eval", session.base_model, "base model")
    for number in range(config.loop.rounds if session.run.count_problems(held_out=False) else 0):
        if is_closed(session, number):
            keep(session, number)
            continue
        sample(session, number)
        select(session, number)
        if session.trainer is None:
            export(session, number)
            break
        model = train(session, number)
        if config.eval.enabled:
            evaluate(session, run.round(number) / "eval", model, f"after round {number}")
    return write_metrics(session)


def write_metrics(session: Session) -> dict[str, JSON]:
    """Gathers the figures of all rounds and evaluations that there are into ``metrics.json``."""
    rounds = [_round(session, number) for number in _rounds_on_disk(session)]
    metrics = {"run": session.config.name, "evaluations": _evaluations(session), "rounds": rounds}
    write_json(session.run.path / "metrics.json", metrics)
    return metrics


def _evaluations(session: Session) -> list[dict[str, JSON]]:
    """Every measured model, each with its difference to the first and to the one before, paired by problem."""
    config, run = session.config, session.run
    folders = {"base model": run.path / "baseline" / "eval"}
    folders |= {f"after round {number}": run.round(number) / "eval" for number in _rounds_on_disk(session)}
    measured: list[Measurement] = []
    rows: list[dict[str, JSON]] = []
    for title, folder in folders.items():
        recorded = read_json(folder / "metrics.json")
        if not recorded:
            continue
        now = session.measure(folder, run.problem_ids(held_out=True), config.eval.k)
        row = {"title": title, "model": recorded["model"], **now.summary.to_json()}
        if measured:
            row["vs_base"] = interval_json(now.minus(measured[0], config.eval, config.seed))
            row["vs_previous"] = interval_json(now.minus(measured[-1], config.eval, config.seed))
        measured.append(now)
        rows.append(row)
    return rows


def _round(session: Session, number: int) -> dict[str, JSON]:
    folder = session.run.round(number)
    trained = read_json(folder / "train" / "model.json")
    return {
        "round": number,
        "trained_rows": trained.get("n_rows"),
        "training_problems": session.measure(folder, problem_ids_of(session, number), (1,)).summary.to_json(),
        "funnel": read_json(folder / "funnel.json").get("funnel"),
        "train_s": trained.get("train_s"),
    }


def _rounds_on_disk(session: Session) -> list[int]:
    folders: list[Path] = sorted(session.run.path.glob("round-*"))
    return [int(folder.name.removeprefix("round-")) for folder in folders]
