from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.prompts.training_ids import encode, read_rows, stop_ids, writes_stop_token

pytestmark = pytest.mark.train
CHAT = {"prompt": [{"role": "user", "content": "1 + 1?"}], "completion": [{"role": "assistant", "content": "It is 2."}]}


@pytest.fixture(scope="module")
def tokenizer(smollm2: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(smollm2)


def test_a_chat_row_ends_with_the_token_that_stops_the_engine(tokenizer: Any) -> None:
    """SmolLM2's template puts a line break behind it, which is never generated and not trained."""
    row = encode(tokenizer, CHAT, frozenset([2]))
    text = tokenizer.apply_chat_template(CHAT["prompt"], tokenize=False, add_generation_prompt=True)
    assert tokenizer.decode(row.input_ids[: row.n_prompt]) == text
    assert tokenizer.decode(row.input_ids[row.n_prompt :]) == "It is 2.<|im_end|>"


def test_a_plain_row_is_its_text_and_the_end_token(tokenizer: Any) -> None:
    row = encode(tokenizer, {"prompt": "Q: 1 + 1\nA:", "completion": " 2"}, frozenset([0, 2]))
    assert tokenizer.decode(row.input_ids) == "Q: 1 + 1\nA: 2<|im_end|>"
    assert tokenizer.decode(row.input_ids[row.n_prompt :]) == " 2<|im_end|>"


def test_a_template_without_an_end_token_is_refused(tokenizer: Any) -> None:
    with pytest.raises(InputError, match=r"ends no answer with a token that stops the engine .*endoftext"):
        encode(tokenizer, CHAT, frozenset([0]))


def test_stop_tokens_come_from_the_generation_config(tokenizer: Any) -> None:
    assert stop_ids(tokenizer, None) == {2}
    assert stop_ids(tokenizer, 5) == {5}
    assert stop_ids(tokenizer, [5, 6]) == {5, 6}


@pytest.mark.parametrize(("text", "inside"), [("2", False), ("2<|im_end|>3", True), ("2 <|im_end|", False)])
def test_an_answer_that_spells_out_the_end_token_is_seen(tokenizer: Any, text: str, inside: bool) -> None:
    chat = {**CHAT, "completion": [{"role": "assistant", "content": text}]}
    assert writes_stop_token(tokenizer, chat, frozenset([2])) is inside
    assert writes_stop_token(tokenizer, {"prompt": "", "completion": text}, frozenset([2])) is inside


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON"),
        ('{"prompt": "x"}', "line 2: an object with 'prompt' and 'completion'"),
        ('{"prompt": "x", "completion": [{"role": "assistant", "content": "y"}]}', "line 2: .* both be text"),
        ('{"prompt": [], "completion": []}', "line 2: .* both be"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n' + line + "\n")
    with pytest.raises(InputError, match=said):
        list(read_rows(file))
