"""MBPP and MBPP+: short Python functions asked for in one sentence, with asserts; what may ship of them ships."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from rft.errors import InputError
from rft.tasks.sources.code import CodeTask, entry_point_of, missing_imports, shipped_rows, texts, without_empty
from rft.tasks.sources.evalplus import convert
from rft.tasks.sources.hub import hub_rows
from rft.tasks.sources.rows import Located
from rft.types import JSON, Problem

SPLITS = {"train": range(601, 975), "validation": range(511, 601), "prompt": range(1, 11), "test": range(11, 511)}
"""Upstream's splits by task number. ``prompt`` has the few-shot examples."""
SHIPPED = ("train", "validation", "prompt")


@dataclass(frozen=True)
class Mbpp(CodeTask):
    r"""MBPP (Austin et al., 2021): 974 short Python functions; 374 train, 90 validation, 10 prompt ship.

    A shipped row: "Write a function to find squares of individual elements in a list using lambda function.", reference
    ``{"entry_point": "square_nums", "tests": ["assert square_nums([1, 2, 3]) == [1, 4, 9]", …]}``.

    The prompt is the sentence and the asserts, as is usual. A chat model answers it as it stands, or with

        prompt: {turn: "{prompt}\n\nAnswer with one Python code block."}

    A base model is shown examples (those of split prompt) in the paper's form:

        prompt: {style: plain, turn: "{prompt}\n[BEGIN]", examples: [{prompt: …, completion: "def …\n[DONE]"}]}
        sampling: {stop: ["[DONE]"]}
    """

    source: str | dict[str, str] = "shipped"
    """shipped, hub, or a local JSONL or Parquet file with the hub's columns: one (split train) or one per split."""

    kind: ClassVar[str] = "mbpp"
    hub_splits: ClassVar[tuple[str, ...]] = tuple(SPLITS)
    shipped_splits: ClassVar[tuple[str, ...]] = SHIPPED

    def _hub_rows(self, split: str) -> Iterator[Located]:
        return hub_rows("google-research-datasets/mbpp", split, "full", self.revision)

    def _shipped_rows(self, split: str) -> Iterator[Located]:
        return _of_split(shipped_rows("mbpp", "prompt_valid_train.jsonl.gz"), split)

    def _judged_by(self, located: Located, tests: list[str]) -> dict[str, JSON]:
        """Asserts about the one function that they name.

        Where they need more of the answer than that (a class ``Node``), there is no entry point and all are asked for.
        """
        imports = _lines(located, "test_imports") or missing_imports(tests)
        setup = "\n".join([*imports, str(located.row.get("test_setup_code") or "")]).strip()
        entry_point = entry_point_of([setup, *tests])
        if entry_point is None and setup:
            return {"tests": "\n".join([setup, *tests])}
        return {"entry_point": entry_point, "tests": tests, "setup": setup}

    def _problem(self, located: Located, split: str) -> Problem:
        number = _number(located)
        sentence = located.row.get("text", located.row.get("prompt"))  # the sanitized half calls it prompt
        if not isinstance(sentence, str) or not sentence.strip():
            raise InputError(f"{located.where}: column 'text' (or 'prompt') must hold text")
        tests = texts(located, "test_list")
        reference = without_empty({**self._judged_by(located, tests), "solution": located.row.get("code")})
        prompt = "\n".join([sentence.strip(), "Your code should pass these tests:", "", *tests])
        return Problem(f"mbpp/{number}", prompt, "code", reference, self.kind, split)


@dataclass(frozen=True)
class MbppPlus(Mbpp):
    """MBPP+ (Liu et al., 2023): 378 of MBPP's functions with far more tests; 108 train, 39 validation, 7 prompt ship.

    Prompts and ids are those of MBPP's sanitized half; see ``mbpp`` for the prompt section. Upstream's test programs,
    which need numpy, are call cases here; see ``rft.tasks.sources.evalplus``.
    """

    kind: ClassVar[str] = "mbpp+"

    def _hub_rows(self, split: str) -> Iterator[Located]:
        # upstream has all its rows in one split
        return _of_split(hub_rows("evalplus/mbppplus", "test", None, self.revision), split)

    def _shipped_rows(self, split: str) -> Iterator[Located]:
        return _of_split(shipped_rows("mbppplus", "prompt_valid_train.jsonl.gz"), split)

    def _judged_by(self, located: Located, tests: list[str]) -> dict[str, JSON]:
        entry_point = entry_point_of(tests)
        if entry_point is None:
            raise InputError(f"{located.where}: the asserts of 'test_list' do not name one function")
        ready, test = located.row.get("reference"), located.row.get("test")
        if isinstance(ready, dict):
            return {"entry_point": entry_point, **ready}
        if not isinstance(test, str):
            raise InputError(f"{located.where}: column 'test' must hold text")
        return {"entry_point": entry_point, **convert(test, located.where)}


def _of_split(rows: Iterator[Located], split: str) -> Iterator[Located]:
    return (located for located in rows if _number(located) in SPLITS[split])


def _number(located: Located) -> int:
    number = str(located.row.get("task_id", "")).rpartition("/")[2]  # 17, or Mbpp/17
    if not number.isascii() or not number.isdigit():
        raise InputError(f"{located.where}: column 'task_id' must hold the number of the task")
    return int(number)


def _lines(located: Located, name: str) -> list[str]:
    value = located.row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{located.where}: column '{name}' must hold a list of texts")
    return value
