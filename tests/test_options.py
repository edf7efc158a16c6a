"""Ranges of options stand in their annotations, for every component that ships."""

import pytest

from rft.options import allowed_values, option_types, type_name
from rft.registry import load
from rft.samplers import SAMPLERS
from rft.sandboxes import SANDBOXES
from rft.trainers import TRAINERS

ANY = {("sampler", "vllm", "seed"), ("sandbox", "http", "seed"), ("sampler", "replay", "round")}
"""Numbers that may be anything."""
TABLES = (("sampler", SAMPLERS), ("sandbox", SANDBOXES), ("trainer", TRAINERS))


@pytest.mark.parametrize(("kind", "name", "table"), [(kind, name, table) for kind, table in TABLES for name in table])
def test_every_number_has_a_range(kind: str, name: str, table: dict[str, str]) -> None:
    numbers = {
        option: annotation
        for option, annotation in option_types(load(kind, name, table)).items()
        if {"int", "float"} & set(type_name(annotation).split(" | ")) and (kind, name, option) not in ANY
    }
    assert [option for option, annotation in numbers.items() if not allowed_values(annotation)] == []
