"""What the pages say holds: links, examples, commands and options; files shown are the files."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

import rft
from rft.cli.app import app
from rft.config.schema import load

ROOT = Path(rft.__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md"])
CONFIGS = sorted(path for path in ROOT.glob("examples/*.yaml"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield text


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_link_leads_to_a_file_that_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_every_page_of_the_folder_is_in_the_table_of_contents() -> None:
    contents = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert [
        p.name for p in sorted(ROOT.glob("docs/*.md")) if p.name != "index.md" and f"({p.name})" not in contents
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_shows_of_python_is_what_happens(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    completions = str(ROOT / "rft" / "hello" / "completions.jsonl")
    text = "\n".join(block for block in blocks(page, "python") if block.lstrip().startswith(">>>"))
    case = doctest.DocTestParser().get_doctest(text, {"COMPLETIONS": completions}, name(page), str(page), 0)
    told: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(case, out=told.append)
    assert not told, "".join(told)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_yaml_block_is_yaml(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(block), dict)


def commands(page: Path) -> list[list[str]]:
    """The words of every ``rft`` command in the shell blocks of a page, without comments."""
    lines = "\n".join(blocks(page, "bash")).replace("\\\n", " ").splitlines()
    return [line.partition(" #")[0].split()[1:] for line in lines if line.startswith("rft ")]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_command_and_its_options_exist(page: Path) -> None:
    top: Any = typer.main.get_command(app)
    for words in commands(page):
        command, rest = top, list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        assert command is not top or not rest or rest[0].startswith("-"), words
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options | {"--help"}, words


def test_the_config_of_the_first_page_is_allowed(tmp_path: Path) -> None:
    (block,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "my-run.yaml").write_text(block, "utf-8")
    assert load(tmp_path / "my-run.yaml").loop.rounds == 2


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_an_example_config_is_allowed(path: Path) -> None:
    assert load(path).version == 1


def test_the_page_on_plugins_shows_the_files_that_run() -> None:
    page = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    for path in sorted((ROOT / "examples" / "plugins").glob("*.*")):
        assert f"# examples/plugins/{path.name}\n{path.read_text('utf-8').rstrip()}\n```" in page, path.name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_names_no_place_of_one_machine(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"(?<![\w./])/(?:work|tmp|root|home)/\S*", text) == []
    assert "../shared" not in text
