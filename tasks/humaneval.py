"""HumanEval and HumanEval+: 164 Python functions to be completed from signature and docstring; both ship."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from rft.errors import InputError
from rft.tasks.sources.code import CodeTask, shipped_rows, text, without_empty
from rft.tasks.sources.evalplus import convert
from rft.tasks.sources.hub import hub_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, Problem


@dataclass(frozen=True)
class HumanEval(CodeTask):
    r"""HumanEval (Chen et al., 2021): 164 Python functions to complete from their docstring; all ship (split test).

    A shipped row: "def truncate_number(number: float) -> float: … Return the decimal part of the number.", reference
    ``{"entry_point": "truncate_number", "tests": "def check(candidate): …"}``.

    The prompt is the bare code, signature and docstring, which a base model continues as it stands:

        prompt: {style: plain}
        sampling: {stop: ["\ndef ", "\nclass ", "\nif __name__", "\nprint("]}

    A chat model is told what to do with it:

        prompt:
          turn: "Complete this function. Answer with the whole of it in one code block.\n```python\n{prompt}```"
    """

    source: str | dict[str, str] = "shipped"
    """shipped, hub, or a local JSONL or Parquet file with the hub's columns: one (split train) or one per split."""

    kind: ClassVar[str] = "humaneval"
    dataset: ClassVar[str] = "openai/openai_humaneval"
    hub_splits: ClassVar[tuple[str, ...]] = ("test",)
    shipped_splits: ClassVar[tuple[str, ...]] = ("test",)

    def _hub_rows(self, split: str) -> Iterator[Located]:
        return hub_rows(self.dataset, split, None, self.revision)

    def _shipped_rows(self, split: str) -> Iterator[Located]:
        return shipped_rows("humaneval", "test.jsonl.gz")

    def _judged_by(self, located: Located) -> dict[str, JSON]:
        return {"tests": text(located, "test")}

    def _problem(self, located: Located, split: str) -> Problem:
        prompt, entry_point = text(located, "prompt"), text(located, "entry_point")
        solution, judged_by = located.row.get("canonical_solution"), self._judged_by(located)
        helpers = helpers_of(prompt, entry_point, located.where)
        reference = without_empty(
            {
                "entry_point": entry_point,
                **judged_by,
                "prompt": prompt,
                "setup": helpers if "tests" in judged_by else None,
                "solution": prompt + solution if isinstance(solution, str) else None,
            }
        )
        return Problem(text(located, "task_id"), prompt, "code", reference, self.kind, split)


@dataclass(frozen=True)
class HumanEvalPlus(HumanEval):
    """HumanEval+ (Liu et al., 2023): HumanEval's 164 functions with 123,948 tests, or 2,577 (mini); both ship.

    Prompts (but for the place of an import in HumanEval/115) and ids are HumanEval's; see ``humaneval`` for the prompt
    section. Upstream's test programs, which need numpy, are call cases here; see ``rft.tasks.sources.evalplus``.
    """

    variant: Literal["plus", "mini"] = "plus"
    """plus, or mini: those few of its tests that upstream found to be enough for most wrong answers (shipped only)."""

    kind: ClassVar[str] = "humaneval+"
    dataset: ClassVar[str] = "evalplus/humanevalplus"

    def _hub_rows(self, split: str) -> Iterator[Located]:
        if self.variant == "mini":
            raise InputError("task 'humaneval+': variant mini comes with source: shipped only")
        return super()._hub_rows(split)

    def _shipped_rows(self, split: str) -> Iterator[Located]:
        return shipped_rows("humanevalplus", f"{self.variant}.jsonl.gz")

    def _judged_by(self, located: Located) -> dict[str, JSON]:
        ready = located.row.get("reference")
        return ready if isinstance(ready, dict) else convert(text(located, "test"), located.where)


def helpers_of(prompt: str, entry_point: str, where: str) -> str:
    """Returns what stands before the entry point's ``def``: imports, and helpers that tests use (poly, encode_shift).

    Raises:
        InputError: the prompt does not begin the function that it is said to.
    """
    found = re.search(rf"^(?:async )?(?:def|class) {re.escape(entry_point)}\b", prompt, re.MULTILINE)
    if found is None:
        raise InputError(f"{where}: the prompt has no 'def {entry_point}', which 'entry_point' names")
    return prompt[: found.start()].strip("\n")
