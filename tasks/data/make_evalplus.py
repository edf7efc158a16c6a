"""Makes the shipped files of HumanEval+ and MBPP+ out of upstream's, for a developer who updates them.

    python -m rft.tasks.data.make_evalplus HumanEvalPlus-OriginFmt.jsonl.gz tasks/data/humanevalplus/plus.jsonl.gz
    … --mini HumanEvalPlus-Mini.jsonl.gz        only the inputs that upstream's smaller file has
    python -m rft.tasks.data.make_evalplus MbppPlus-OriginFmt.jsonl.gz tasks/data/mbppplus/train.jsonl.gz

Each row loses its column ``test`` and gains ``reference``: the keys that ``rft.tasks.sources.evalplus.convert`` makes.
"""

import argparse
import ast
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from rft.tasks.sources.evalplus import convert, literal
from rft.tasks.sources.rows import jsonl_rows
from rft.types import JSON

DROPPED = ("test", "source_file")
"""Columns that are not shipped."""


def rows(path: Path, mini: Path | None) -> Iterator[JSON]:
    """Yields upstream's rows with ``reference`` in the place of ``test``."""
    smaller = {} if mini is None else {located.row["task_id"]: located.row for located in jsonl_rows(mini)}
    for located in jsonl_rows(path):
        row = located.row
        few = smaller.get(row["task_id"])
        only = None if few is None else picked(row["test"], few["base_input"] + few["plus_input"])
        kept = {name: value for name, value in row.items() if name not in DROPPED}
        yield {**kept, "reference": convert(row["test"], located.where, only)}


def picked(test: str, wanted: list[JSON]) -> list[int]:
    """Returns the indices of a program's inputs that are among ``wanted``, where tuples have become lists."""
    inputs = next(
        node.value.elts
        for node in ast.walk(ast.parse(test))
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "inputs"
        and isinstance(node.value, ast.List)
    )
    keys = {_key(item) for item in wanted}
    found: dict[str, int] = {}
    for index, item in enumerate(literal(element, "inputs") for element in inputs):
        if _key(item) in keys:
            found.setdefault(_key(item), index)
    if len(found) != len(keys):
        raise ValueError(f"{len(keys) - len(found)} of the smaller file's inputs are not in the larger one")
    return sorted(found.values())


def _key(value: object) -> str:
    return json.dumps(value, default=lambda other: sorted(map(repr, other)))


def main() -> None:
    """Reads the command line and writes the file; equal input gives equal bytes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--mini", type=Path)
    asked = parser.parse_args()
    written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(asked.source, asked.mini))
    asked.target.write_bytes(gzip.compress(written.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
