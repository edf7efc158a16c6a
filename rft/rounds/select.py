"""From judged samples to training files: selection with its funnel, and the export that trainers read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest
from itertools import chain
from pathlib import Path

from rft.checked.filter import CheckedFilter
from rft.config.schema import Config, ExportConfig, SelectConfig
from rft.errors import InputError
from rft.exports import FORMATS
from rft.exports.prompt_completion import PromptCompletion
from rft.exports.rows import read_rows, write_rows
from rft.exports.write import export as write_export
from rft.prompts.render import render
from rft.registry import build, load
from rft.rounds.inputs.once import once
from rft.rounds.session import Session
from rft.rounds.turn import problems_of, refuse_if_closed
from rft.selection.dedupe import distinct
from rft.selection.filters import FILTERS
from rft.selection.filters.false_equations import FalseEquations
from rft.selection.filters.low_trust import LowTrust
from rft.selection.select import Funnel, Rules, to_row
from rft.selection.select import select as choose
from rft.store.fingerprint import LongList
from rft.store.stage import StageFolder, Tally
from rft.types import JSON, Filter, Format, Outcome, Row

TRAIN_FILE = "prompt_completion.jsonl"


@dataclass(frozen=True, slots=True)
class Exported:
    """The training files of a round."""

    train_file: Path
    """JSONL of prompt and completion: what trainers read."""
    n_rows: int


def select(session: Session, number: int) -> dict[str, JSON]:
    """Chooses the training rows of a round and returns the funnel: how many each step dropped.

    Raises:
        InputError: the round has no samples, or its rows would change although a later round builds on them.
    """
    session.run.samples(number)
    folder = session.folder(session.run.round(number))
    tallies = folder.tallies(session.verifier_ids)
    verdicts = LongList(lambda: ((name, sorted(tallies[name].masks.items())) for name in sorted(tallies)))
    inputs: dict[str, JSON | LongList] = {**settings(session), "verdicts": verdicts}

    def make() -> dict[str, JSON]:
        refuse_if_closed(session, number)
        with session.stage("select", round=number):
            counts = Funnel()
            write_rows(folder.path / "selected.parquet", _rows(session, folder, number, tallies, counts))
            return {"funnel": counts.to_json()}

    there = (folder.path / "selected.parquet").exists
    return dict(once(folder.path / "funnel.json", inputs, make, holds=lambda _: there())["funnel"])


def settings(session: Session) -> dict[str, JSON]:
    """Returns what decides which rows are chosen, besides the verdicts."""
    config = session.config
    chosen = config.select.model_dump()
    if not config.select.filters:  # as rounds were recorded before there were filters
        del chosen["filters"]
    return {"select": chosen, "verifiers": session.verifier_ids, "seed": config.seed}


def export(session: Session, number: int) -> Exported:
    """Writes the training files of a round, unless the same rows were exported before.

    Raises:
        InputError: rows of an earlier round that are trained on too are not selected yet.
    """
    out = session.run.round(number) / "export"
    files = selected(session, number)

    def make() -> dict[str, JSON]:
        with session.stage("export", round=number):
            rows: Iterator[Row] = chain.from_iterable(map(read_rows, files))
            if len(files) > 1 or session.config.select.dedupe == "none":  # else selection has done it
                rows = distinct(rows)
            summary = write_export(rows, out, formats(session.config))
        return {"n_rows": summary.n_rows, "files": [path.name for path in summary.files]}

    def whole(record: object) -> bool:
        return isinstance(record, dict) and all((out / name).exists() for name in record["files"])

    inputs: dict[str, JSON] = {"rows": row_hashes(files)}
    if session.config.export != ExportConfig():  # as rounds were recorded before there were formats
        inputs["formats"] = session.config.export.model_dump()["formats"]
    made = once(session.run.round(number) / "export.json", inputs, make, holds=whole)
    return Exported(out / TRAIN_FILE, made["n_rows"])


def selected(session: Session, number: int) -> list[Path]:
    """Returns the files whose rows a round trains on.

    Raises:
        InputError: one of them is not there yet.
    """
    first = 0 if session.config.train.data == "all" else number
    files = [session.run.round(earlier) / "selected.parquet" for earlier in range(first, number + 1)]
    for file in files:
        if not file.exists():
            raise InputError(f"{file} is not there; select that round's rows first: rft select {session.run.path}")
    return files


def row_hashes(files: list[Path]) -> list[JSON]:
    """Returns the hash of every file of selected rows."""
    hashes: list[JSON] = []
    for path in files:
        with path.open("rb") as file:
            hashes.append(file_digest(file, "sha256").hexdigest())
    return hashes


def rules(config: SelectConfig) -> Rules:
    """Returns what is asked of a sample, every filter built and its options checked.

    Raises:
        InputError: a filter is unknown, has no ``drop``, or an option is wrong.
    """
    filters: list[Filter] = []
    if config.low_trust == "drop":
        filters.append(LowTrust())
    if config.false_equations == "drop":
        filters.append(FalseEquations())
    for one in config.filters:
        cls = load("filter", one.kind, FILTERS)
        filters.append(CheckedFilter(one.kind, build("filter", one.kind, cls, one.options)))
    return Rules(tuple(filters), dedupe=config.dedupe == "text", cap=config.cap)


def formats(config: Config) -> dict[str, Format]:
    """Returns name of the files -> their form, every option checked; what trainers read comes first.

    Raises:
        InputError: a format is unknown, named twice, lacks a method, or an option is wrong.
    """
    chosen: dict[str, Format] = {"prompt_completion": PromptCompletion()}
    for one in config.export.formats:
        name = one.kind.rpartition(":")[2]
        if name in chosen and name != "prompt_completion":
            raise InputError(f"export.formats names '{name}' twice; its files can be written once")
        chosen[name] = build("format", one.kind, load("format", one.kind, FORMATS), one.options)
    return chosen


def _rows(
    session: Session, folder: StageFolder, number: int, tallies: Mapping[str, Tally], funnel: Funnel
) -> Iterator[Row]:
    chosen, prompt = rules(session.config.select), session.config.prompt
    groups = folder.groups(problems_of(session, number), session.verifier_ids, Outcome.CORRECT)

    def not_correct(problem_id: str) -> dict[str, int]:
        tally = tallies.get(problem_id, Tally())
        return {outcome.value: tally.count(outcome) for outcome in tally.masks if outcome is not Outcome.CORRECT}

    judged = ((group.problem, group.judged()) for group in groups)
    kept = choose(judged, chosen, session.config.seed, session.run.held_out_ids(), funnel, not_correct)
    for problem, samples in kept:
        yield from map(partial(to_row, problem, render(problem, prompt)), samples)
