"""Writes a commented config from the schema itself, so that it never shows a key that does not exist."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rft.config.schema import Component, Config, Example, TaskConfig
from rft.errors import InputError

BEGINNING = """\
# A run of rft. Every key is shown with its default; delete what you do not change.
# Start it with:  rft run {path}        override a key with:  rft run {path} sampling.n=32
# Relative paths are taken from this file's folder, those of overrides from the current one.
"""
STARTER: dict[str, Any] = {
    "name": "my-first-run",
    "model": "smollm2-135m",
    "task": TaskConfig.model_validate({"kind": "arithmetic", "n_problems": 200}),
    "prompt": Config.model_fields["prompt"].default.model_copy(
        update={
            "turn": "{prompt} Put the answer in \\boxed{}.",
            "examples": (
                Example(prompt="What is 21 + 34?", completion="21 + 34 = 55. The answer is \\boxed{55}."),
                Example(prompt="What is 68 - 25?", completion="68 - 25 = 43. The answer is \\boxed{43}."),
            ),
        }
    ),
    "sampling": Config.model_fields["sampling"].default.model_copy(update={"n": 8, "max_tokens": 96}),
    "train": Config.model_fields["train"].default.model_copy(update={"kind": "trl"}),
}


def starter(path: Path) -> str:
    """Returns a config that runs on two CPU cores in a few minutes, every key with what it means."""
    return BEGINNING.format(path=path) + "\n".join(_section(Config, STARTER, "")) + "\n"


def write_starter(path: Path) -> None:
    """Writes it to a new file.

    Raises:
        InputError: there is such a file already.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(path))
    except FileExistsError as error:
        raise InputError(f"{path} exists already; give another path, or delete it first") from error
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def _section(schema: type[BaseModel], values: dict[str, Any], indent: str) -> Iterator[str]:
    for name, field in schema.model_fields.items():
        value = values.get(name, field.get_default())
        if field.description:
            yield from (f"{indent}# {line.strip()}" for line in field.description.strip().splitlines())
        if isinstance(value, BaseModel):
            if not field.description and not indent:
                yield ""
                yield f"# {(type(value).__doc__ or '').strip().splitlines()[0]}"
            yield f"{indent}{name}:"
            inner = {key: getattr(value, key) for key in type(value).model_fields}
            yield from _section(type(value), inner, indent + "  ")
            if isinstance(value, Component):
                yield from (f"{indent}  {key}: {_yaml(option)}" for key, option in value.options.items())
        else:
            yield f"{indent}{name}: {_yaml(value)}"


def _yaml(value: Any) -> str:
    """A value in YAML's flow style, which JSON is."""
    if isinstance(value, tuple):
        value = [item.model_dump() if isinstance(item, BaseModel) else item for item in value]
    return json.dumps(value, ensure_ascii=False)
