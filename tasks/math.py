"""MATH: competition problems with LaTeX answers (Hendrycks et al., 2021); third-party texts, so none ship."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rft.errors import InputError
from rft.tasks.sources.columns import column, unique
from rft.tasks.sources.files import path_of, paths_by_split
from rft.tasks.sources.hub import hub_rows
from rft.tasks.sources.rows import Located, file_rows
from rft.types import Problem

HUB_DATASET = "EleutherAI/hendrycks_math"
SUBJECTS = (
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
)
"""The configurations of the default dataset, read in this order."""
KEPT = ("level", "subject", "type", "unique_id", "math500", "solution")
"""Columns that go into metadata where a row has them; several carriers of MATH name them differently."""
BOXED = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*")


@dataclass(frozen=True)
class Math:
    """MATH competition problems with LaTeX answers: 7,500 train, 5,000 test, from the hub or a local file."""

    source: str | dict[str, str] = "hub"
    """hub, or a local JSONL or Parquet file (problem; answer or solution): one (split train) or one per split."""
    dataset: str = HUB_DATASET
    """Hub id; HuggingFaceH4/MATH-500 has the usual 500 test problems (split test only)."""
    subjects: tuple[str, ...] | None = None
    """Configurations to read, in order; none given: all seven of the default dataset, or another dataset's only one."""
    revision: str | None = None
    """Commit, tag or branch of the hub's dataset."""

    @property
    def splits(self) -> tuple[str, ...] | None:
        """Train and test for the default dataset, the splits that a file is given for, None for another dataset."""
        if self.source != "hub":
            return tuple(paths_by_split(self.source))
        return ("train", "test") if self.dataset == HUB_DATASET else None

    def problems(self, split: str) -> Iterator[Problem]:
        """Yields the problems of a split; the reference is the answer column, else the solution's last box.

        Raises:
            InputError: the split is unknown, the data cannot be had, or a row has neither answer nor boxed solution.
        """
        if self.source != "hub":
            return unique(_problems(file_rows(path_of(self.source, split)), split, f"math/{split}"))
        return unique(self._from_hub(split))

    def _from_hub(self, split: str) -> Iterator[tuple[str, Problem]]:
        names: tuple[str | None, ...] = self.subjects or (SUBJECTS if self.dataset == HUB_DATASET else (None,))
        for name in names:
            prefix = "/".join(["math", split, *([name] if name else [])])
            yield from _problems(hub_rows(self.dataset, split, name, self.revision), split, prefix)


def last_boxed(solution: str) -> str | None:
    r"""Returns what the last ``\boxed`` (or ``\fbox``) of a worked solution holds, None without one.

    Braces are balanced, escaped ones left alone; a few solutions of MATH write ``\boxed 3`` without braces.

    >>> last_boxed(r"so $x = \boxed{\frac{1}{2}}$.")
    '\\frac{1}{2}'
    """
    starts = [found.end() for found in BOXED.finditer(solution)]
    if not starts:
        return None
    rest = solution[starts[-1] :]
    if not rest.startswith("{"):
        return re.split(r"[\s$.]", rest, maxsplit=1)[0] or None
    depth = 0
    for found in re.finditer(r"\\.|[{}]", rest, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return rest[1 : found.start()].strip() or None
    return None


def _problems(rows: Iterator[Located], split: str, prefix: str) -> Iterator[tuple[str, Problem]]:
    for index, located in enumerate(rows):
        problem = column(located, "problem")
        if not isinstance(problem, str) or not problem.strip():
            raise InputError(f"{located.where}: column 'problem' must hold text")
        yield (
            located.where,
            Problem(
                id=str(located.row.get("id", f"{prefix}/{index}")),
                prompt=problem,
                verifier="math",
                reference=_answer(located),
                task="math",
                split=split,
                metadata={name: located.row[name] for name in KEPT if located.row.get(name) is not None},
            ),
        )


def _answer(located: Located) -> str:
    answer, solution = located.row.get("answer"), located.row.get("solution")
    if isinstance(answer, str) and answer.strip():
        return answer.strip()
    boxed = last_boxed(solution) if isinstance(solution, str) else None
    if boxed is None:
        raise InputError(f"{located.where}: there is neither a text 'answer' nor a 'solution' with \\boxed{{…}}")
    return boxed
