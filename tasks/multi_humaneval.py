"""Multilingual HumanEval: HumanEval in JavaScript and Go, with its tests (Athiwaratkun et al., 2023; mxeval)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from rft.errors import unknown
from rft.tasks.sources.code import CodeTask, text, without_empty
from rft.tasks.sources.hub import hub_file_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, Problem

Language = Literal["javascript", "go"]
LANGUAGES: tuple[Language, ...] = ("javascript", "go")
_UNTYPED = "assigns nil to a variable without a type, which does not compile"
BROKEN = {
    "HumanEval_javascript/2": "expects exactly 0.33 of a difference of floating-point numbers",
    "HumanEval_javascript/92": "expects 3.0 to be no integer, which JavaScript cannot tell",
    "HumanEval_javascript/111": "the expected dictionaries have quotes inside their keys",
    "HumanEval_javascript/152": "the helper of the tests has the name of the entry point",
    **{f"HumanEval_go/{number}": _UNTYPED for number in (12, 90, 128, 137, 162)},
}
"""Left out: no right answer passes their tests, and why not."""
CALL = re.compile(r"^var x\d+ = ", re.MULTILINE)
"""How a JavaScript test calls the answer, once per check."""


@dataclass(frozen=True)
class MultiHumanEval(CodeTask):
    """Multilingual HumanEval (mxeval): 160 problems in JavaScript and 160 in Go, from the hub or a local file.

    This is mxeval's translation, not CodeGeeX's HumanEval-X. The prompt is the bare code of signature and comment,
    which a base model continues as it stands with ``prompt: {style: plain}``; a chat model is asked with

        prompt: {turn: "Complete this function. Answer with the whole of it in one code block.\\n```\\n{prompt}```"}

    Few rows, if any, have a reference solution, so ``rft check`` cannot prove them.
    """

    languages: tuple[Language, ...] = LANGUAGES
    """Which languages, of javascript and go; rows of the other one are left out."""

    kind: ClassVar[str] = "multi-humaneval"
    hub_splits: ClassVar[tuple[str, ...]] = ("test",)

    def _hub_rows(self, split: str) -> Iterator[Located]:
        # the repository itself holds but a script, which `datasets` runs no more
        revision = self.revision or "refs/convert/parquet"
        for language in self.languages:
            yield from hub_file_rows("mxeval/multi-humaneval", f"{language}/{split}/0000.parquet", revision)

    def _problem(self, located: Located, split: str) -> Problem | None:
        language, problem_id = text(located, "language"), text(located, "task_id")
        if language not in LANGUAGES:
            raise unknown("language", language, LANGUAGES, where=f" in {located.where}")
        if language not in self.languages or problem_id in BROKEN:
            return None
        prompt, tests = text(located, "prompt"), text(located, "test")
        solution = located.row.get("canonical_solution")
        reference: dict[str, JSON] = {
            "language": language,
            "entry_point": text(located, "entry_point"),
            "tests": tests,
            "checks": len(CALL.findall(tests)) or None,
            "prompt": prompt,
            "solution": prompt + solution if isinstance(solution, str) and solution.strip() else None,
        }
        return Problem(problem_id, prompt, "code", without_empty(reference), self.kind, split)
