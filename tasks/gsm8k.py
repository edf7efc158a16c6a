"""GSM8K: grade-school word problems whose answers are whole numbers (Cobbe et al., 2021), shipped under MIT."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from rft.errors import InputError, unknown
from rft.tasks.sources.columns import column, unique
from rft.tasks.sources.files import path_of, paths_by_split
from rft.tasks.sources.hub import hub_rows
from rft.tasks.sources.rows import Located, file_rows, jsonl_rows
from rft.types import Problem

SHIPPED = {"train": "train.jsonl.gz", "test": "test_first_half.jsonl.gz"}
HUB_DATASET, HUB_NAME = "openai/gsm8k", "main"
ANSWER = re.compile(r"####\s*(-?[\d,]*\.?\d+)\s*$")
"""How upstream ends a worked solution: ``#### 1,080``."""


@dataclass(frozen=True)
class Gsm8k:
    """GSM8K word problems: 7,473 train; of the 1,319 test problems the first 660 ship, and source hub reads all.

    A shipped row: "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How
    many clips did Natalia sell altogether in April and May?", reference 72.
    """

    source: str | dict[str, str] = "shipped"
    """shipped, hub (openai/gsm8k, all of it), or a local JSONL or Parquet file: one (split train) or one per split."""
    revision: str | None = None
    """Commit, tag or branch of the hub's dataset."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Train and test, or the splits that a file is given for."""
        return tuple(SHIPPED if self.source in ("shipped", "hub") else paths_by_split(self.source))

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split in upstream's order; the worked solution is in metadata.

        Raises:
            InputError: the split is unknown, the data cannot be had, or a row has no answer.
        """
        if split not in self.splits:
            raise unknown("split", split, self.splits, where=" of task 'gsm8k'")
        rows = self._local(split) if self.source != "hub" else hub_rows(HUB_DATASET, split, HUB_NAME, self.revision)
        return unique((located.where, _problem(located, split, index)) for index, located in enumerate(rows))

    def _local(self, split: str) -> Iterator[Located]:
        if self.source != "shipped":
            yield from file_rows(path_of(self.source, split))
            return
        with resources.as_file(resources.files("rft.tasks") / "data" / "gsm8k" / SHIPPED[split]) as path:
            yield from jsonl_rows(path)


def _problem(located: Located, split: str, index: int) -> Problem:
    question, answer = column(located, "question"), column(located, "answer")
    solution = located.row.get("solution")
    if not isinstance(question, str) or not question.strip() or not isinstance(answer, str):
        raise InputError(f"{located.where}: columns 'question' and 'answer' must hold text")
    return Problem(
        id=str(located.row.get("id", f"gsm8k/{split}/{index}")),
        prompt=question,
        verifier="math",
        reference=answer if solution is not None and answer.strip() else _final_answer(answer, located.where),
        task="gsm8k",
        split=split,
        # A question for a percentage has the bare number as its reference.
        metadata={"solution": answer if solution is None else solution, "policy": {"percent": "points"}},
    )


def _final_answer(solution: str, where: str) -> str:
    found = ANSWER.search(solution)
    if found is None:
        raise InputError(
            f"{where}: the answer does not end in '#### NUMBER', as GSM8K's answers do; seen: {solution[-40:]!r}"
        )
    return found[1].replace(",", "")
