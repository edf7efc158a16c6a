"""What is written is read back: by us, by ``datasets``, and token by token by a real tokenizer."""

import json
import random
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rft.errors import InputError, RunError
from rft.exports.messages import MESSAGES
from rft.exports.prompt_completion import CHAT, PLAIN
from rft.exports.rows import ROWS, read_rows, write_rows
from rft.exports.write import export
from rft.prompts.round_trip import check_round_trip
from rft.types import Origin, Prompt, Row

CHAT_PROMPT: Prompt = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"})


def row(index: int, prompt: Prompt = CHAT_PROMPT, completion: str = "It is \\boxed{4}.", **other: Any) -> Row:
    facts: dict[str, Any] = {"extracted": "4", "n_tokens": 7, "origin": Origin.SAMPLED} | other
    return Row("toy/ä 1", 0, index, prompt, completion, "toy", "replay", "math-1-0", **facts)


def chat_rows(n: int) -> Iterator[Row]:
    # the first batch has no system prompt, no answer extracted and short texts: a schema must not be guessed from it
    for i in range(n):
        early = i < 1100
        prompt = CHAT_PROMPT[1:] if early else CHAT_PROMPT
        yield row(i, prompt, f"line\n\u2028 'quoted' {i}", extracted=None if early else "4")


@pytest.mark.parametrize("prompt", ["Q: 2+2?\nA:", CHAT_PROMPT])
def test_rows_come_back_as_they_were_written(tmp_path: Path, prompt: Prompt) -> None:
    written = [row(i, prompt, origin=origin) for i, origin in enumerate(Origin)] + [row(9, prompt, extracted=None)]
    assert write_rows(tmp_path / "new" / "selected.parquet", written) == len(written)
    assert list(read_rows(tmp_path / "new" / "selected.parquet")) == written


def test_no_rows_at_all_still_make_files(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "selected.parquet", []) == 0
    assert list(read_rows(tmp_path / "selected.parquet")) == []
    assert export([], tmp_path).n_rows == 0
    assert (tmp_path / "prompt_completion.jsonl").stat().st_size == 0
    assert pq.read_schema(tmp_path / "prompt_completion.parquet").names == CHAT.names


@pytest.mark.parametrize(("prompt", "schema"), [(CHAT_PROMPT, CHAT), ("Q: 2+2? A:", PLAIN)])
def test_schemas_are_those_written_down(tmp_path: Path, prompt: Prompt, schema: Any) -> None:
    write_rows(tmp_path / "selected.parquet", [row(0, prompt)])
    export([row(0, prompt)], tmp_path)
    assert pq.read_schema(tmp_path / "selected.parquet").equals(ROWS)
    assert pq.read_schema(tmp_path / "prompt_completion.parquet").equals(schema)
    assert (tmp_path / "messages.parquet").exists() == (schema is CHAT)
    if schema is CHAT:
        assert pq.read_schema(tmp_path / "messages.parquet").equals(MESSAGES)


@pytest.mark.parametrize("name", ["messages", "prompt_completion"])
@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_datasets_loads_a_chat_export(tmp_path: Path, name: str, kind: str) -> None:
    summary = export(chat_rows(2500), tmp_path / "export")
    assert summary.n_rows == 2500
    path = tmp_path / "export" / f"{name}.{kind}"
    assert path in summary.files
    loaded = load(path, tmp_path)
    assert len(loaded) == 2500
    last = loaded[2499]
    answer = {"role": "assistant", "content": "line\n\u2028 'quoted' 2499"}
    if name == "messages":
        assert last["messages"] == [*CHAT_PROMPT, answer]
        assert (last["problem_id"], last["round"], last["index"]) == ("toy/ä 1", 0, 2499)
        assert (last["task"], last["engine"], last["verifier"]) == ("toy", "replay", "math-1-0")
    else:
        assert last == {"prompt": list(CHAT_PROMPT), "completion": [answer]}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_datasets_loads_a_plain_export(tmp_path: Path, kind: str) -> None:
    summary = export([row(0, "Q: 2+2? A:", " 4")], tmp_path)
    assert [file.stem for file in summary.files] == ["prompt_completion"] * 2
    assert load(tmp_path / f"prompt_completion.{kind}", tmp_path)[0] == {"prompt": "Q: 2+2? A:", "completion": " 4"}


def test_a_plain_export_takes_the_place_of_a_chat_export(tmp_path: Path) -> None:
    export([row(0)], tmp_path)
    export([row(0, "Q:")], tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["prompt_completion.jsonl", "prompt_completion.parquet"]


@pytest.mark.parametrize(("one", "other"), [(CHAT_PROMPT, "Q:"), ("Q:", CHAT_PROMPT)])
def test_mixed_kinds_are_refused_and_leave_earlier_files_alone(tmp_path: Path, one: Prompt, other: Prompt) -> None:
    export([row(0)], tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(InputError, match="one training set takes one kind"):
        export([row(0, one), row(1, other)], tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_source_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[Row]:
        yield from chat_rows(1500)
        raise KeyboardInterrupt

    for write in (lambda: export(failing(), tmp_path), lambda: write_rows(tmp_path / "selected.parquet", failing())):
        with pytest.raises(KeyboardInterrupt):
            write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_source_is_not_taken_for_one_of_the_target(tmp_path: Path) -> None:
    def failing() -> Iterator[Row]:
        yield row(0)
        (tmp_path / "elsewhere" / "shard").open()

    with pytest.raises(FileNotFoundError, match="elsewhere"):
        write_rows(tmp_path / "out" / "selected.parquet", failing())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write .*selected\.parquet: (Not a directory|File exists)"):
        write_rows(tmp_path / "file" / "selected.parquet", [row(0)])


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    rows = [row(i, completion=random.Random(i).randbytes(2000).hex()) for i in range(200)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # a file that grows beyond it fails as on a full disk
    try:
        with pytest.raises(RunError, match=r"cannot write .*nothing is half-written"):
            write_rows(tmp_path / "selected.parquet", rows)
        with pytest.raises(RunError, match=r"cannot write .*nothing is half-written"):
            export(rows, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really"])
def test_a_damaged_selection_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "selected.parquet").write_bytes(content)
    with pytest.raises(InputError, match=r"selected\.parquet cannot be read"):
        list(read_rows(tmp_path / "selected.parquet"))


def test_a_file_of_another_schema_is_refused(tmp_path: Path) -> None:
    export([row(0)], tmp_path)
    with pytest.raises(InputError, match="lack the column"):
        list(read_rows(tmp_path / "messages.parquet"))


def test_jsonl_is_one_line_per_row(tmp_path: Path) -> None:
    export(chat_rows(3), tmp_path)
    lines = (tmp_path / "messages.jsonl").read_text("utf-8").split("\n")
    assert [json.loads(line)["index"] for line in lines[:-1]] == [0, 1, 2]
    assert lines[-1] == ""


# -- the round trip, under a real tokenizer


@pytest.fixture(scope="module")
def tokenizer(smollm2: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(smollm2)


def records(*rows: Row, folder: Path) -> list[dict[str, Any]]:
    export(rows, folder)
    return [json.loads(line) for line in (folder / "prompt_completion.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.train
@pytest.mark.parametrize("prompt", [CHAT_PROMPT, "Question: 2+2?\nAnswer:"])
def test_round_trip_counts_tokens(tokenizer: Any, tmp_path: Path, prompt: Prompt) -> None:
    found = check_round_trip(tokenizer, records(row(0, prompt), row(1, prompt, " 4"), folder=tmp_path))
    if isinstance(prompt, str):
        n_prompt = len(tokenizer(prompt)["input_ids"])
    else:
        n_prompt = len(tokenizer.apply_chat_template(list(prompt), add_generation_prompt=True)["input_ids"])
    assert (found.n_rows, found.n_prompt_tokens) == (2, 2 * n_prompt)
    assert found.n_completion_tokens > 4


@pytest.mark.train
def test_round_trip_counts_merged_boundaries_and_refuses_when_most_are(tokenizer: Any, tmp_path: Path) -> None:
    clean = [row(i) for i in range(3)]
    merged = row(3, completion="\n4")  # "assistant\n" + "\n4": one token "\n\n" when taken in one piece
    assert check_round_trip(tokenizer, records(*clean, folder=tmp_path)).n_merged == 0
    assert check_round_trip(tokenizer, records(*clean, merged, folder=tmp_path)).n_merged == 1
    with pytest.raises(InputError, match="1 of 1 rows the tokenizer merges"):
        check_round_trip(tokenizer, records(merged, folder=tmp_path))


TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.mark.train
@pytest.mark.parametrize(
    ("template", "message"),
    [
        (TEMPLATE, None),
        # strips the system prompt once there is an answer
        (
            "{% if messages[-1].role == 'assistant' %}{% set messages = messages[1:] %}{% endif %}" + TEMPLATE,
            "row 1: the chat template rewrites the history",
        ),
        # puts something before the answer that the generation prompt does not hold
        (TEMPLATE.replace("m.role + '\n'", "m.role + ('\n' if m.role != 'assistant' else ' says\n')"), "rewrites"),
        (TEMPLATE.replace("<|im_end|>\n", "\n"), "ends with '.*', not with '<|im_end|>'"),
        (TEMPLATE.replace("'<|im_end|>\n'", "'<|im_end|>\nUser:'"), "ends with ':', not with"),
        ("{{ '<|im_start|>' }}" + TEMPLATE, "begins with two '<|im_start|>' tokens"),
        (None, "no chat template"),
    ],
)
def test_broken_templates_are_refused(smollm2: Path, tmp_path: Path, template: str | None, message: str | None) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2)
    tokenizer.chat_template = template
    rows = records(row(0), folder=tmp_path)
    if message is None:
        assert check_round_trip(tokenizer, rows).n_rows == 1
        return
    with pytest.raises(InputError, match=message.replace("|", r"\|")):
        check_round_trip(tokenizer, rows)


@pytest.mark.train
def test_another_end_token_is_taken_when_named(tokenizer: Any, tmp_path: Path) -> None:
    rows = records(row(0), folder=tmp_path)
    other = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert check_round_trip(tokenizer, rows, stops={other, tokenizer.eos_token_id}).n_rows == 1
    with pytest.raises(InputError, match="never learn to stop"):
        check_round_trip(tokenizer, rows, stops={other})


@pytest.mark.train
def test_a_row_is_named_by_its_problem(tokenizer: Any) -> None:
    bad = {"problem_id": "toy/7", "prompt": "<|im_start|><|im_start|>Q:", "completion": " 4"}
    with pytest.raises(InputError, match=r"row 2 \(problem toy/7\) begins with two"):
        check_round_trip(tokenizer, [bad | {"prompt": "Q:"}, bad])


def load(path: Path, scratch: Path) -> Any:
    from datasets import load_dataset

    kind = "json" if path.suffix == ".jsonl" else "parquet"
    return load_dataset(kind, data_files=str(path), split="train", cache_dir=str(scratch / "cache"))
