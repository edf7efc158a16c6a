"""An evaluation's samples depend on the model, and on no name."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rft.config.schema import load
from rft.report.progress import Silent
from rft.rounds.evaluate import eval_folder, evaluate
from rft.rounds.opening import open_session
from rft.store.stage import StageFolder
from rft.types import FinishReason, Request, Sample
from tests.rounds.line import write_run
from tests.tiny import write_model


@dataclass
class Seeded:
    """Answers every request with nothing but its seed."""

    model: str = ""

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for request in requests:
            for index, seed in zip(request.indices, request.seeds, strict=True):
                yield Sample(request.problem_id, request.round, index, "0", 1, FinishReason.STOP, "seeded", seed)

    def close(self) -> None:
        pass


def seeds(tmp_path: Path, run: str, model: Path, title: str) -> dict[tuple[str, int], int | None]:
    config = load(write_run(tmp_path / "own", sampler={"kind": f"{__name__}:Seeded"}, name=run))
    with closing(open_session(config, Silent())) as session:
        folder = eval_folder(session, str(model))
        evaluate(session, folder, str(model), title)
        groups = StageFolder(folder).groups(session.run.problems(held_out=True), session.verifier_ids)
        return {(sample.problem_id, sample.index): sample.seed for group in groups for sample in group.samples}


def test_neither_a_title_nor_a_place_changes_a_sample_and_another_model_does(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    copy = Path(shutil.copytree(model, tmp_path / "elsewhere" / "copy"))
    other = Path(shutil.copytree(model, tmp_path / "other"))
    (other / "config.json").write_text((other / "config.json").read_text() + "\n")
    first = seeds(tmp_path, "a", model, "base model")
    assert len(first) == 6
    assert seeds(tmp_path, "b", copy, "after round 0") == first
    assert not set(seeds(tmp_path, "c", other, "base model").values()) & set(first.values())
