"""The names of ``import rft``: all there, each from its home, as a type checker sees them."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rft
from rft import types

ROOT = Path(rft.__file__).parents[1]
SOURCE = ast.parse(Path(rft.__file__).read_text("utf-8"))


def typed_names() -> set[str]:
    """What a type checker takes from where: the imports under TYPE_CHECKING."""
    block = next(node for node in SOURCE.body if isinstance(node, ast.If))
    return {
        f"{node.module}.{alias.name}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


@pytest.mark.parametrize("name", rft.__all__)
def test_every_name_that_is_offered_is_there(name: str) -> None:
    assert getattr(rft, name) is getattr(rft, name)
    assert name in dir(rft)


def test_a_type_checker_sees_what_a_program_gets() -> None:
    lazy = {f"{home}.{name}" for home, names in rft._HOMES.items() for name in names}
    assert lazy == typed_names()
    assert {place.rpartition(".")[2] for place in lazy} == set(rft.__all__) - {"__version__"}


def test_the_records_are_those_of_the_line() -> None:
    assert rft.Problem is types.Problem
    assert rft.Verdict is types.Verdict


def test_a_name_that_is_not_offered_says_what_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'verfy'; it offers .*verify"):
        rft.verfy  # type: ignore[attr-defined]  # noqa: B018


def test_asking_for_a_record_imports_no_third_party() -> None:
    program = "import sys, rft; rft.Problem; rft.InputError; print({'numpy', 'pydantic', 'pyarrow'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown == "set()\n"


def test_the_version_is_that_of_the_package() -> None:
    assert rft.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "rft" / "py.typed").is_file()
