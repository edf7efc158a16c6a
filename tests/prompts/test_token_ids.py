from pathlib import Path
from typing import Any

import pytest

from rft.errors import InputError
from rft.prompts.token_ids import prompt_ids
from rft.types import Message

pytestmark = pytest.mark.vllm

CHAT: list[Message] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 1 + 1?"}]


@pytest.fixture
def tokenizer(smollm2: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(smollm2)


@pytest.fixture
def adds_bos(tokenizer: Any) -> Any:
    """The same tokenizer made to put a BOS before every text, as Llama's does."""
    from tokenizers.processors import TemplateProcessing

    bos = tokenizer.bos_token
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, tokenizer.bos_token_id)]
    )
    return tokenizer


def test_chat_messages_become_what_the_template_says(tokenizer: Any) -> None:
    text = (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is 1 + 1?<|im_end|>\n<|im_start|>assistant\n"
    )
    ids = prompt_ids(tokenizer, CHAT, None, "m")
    assert tokenizer.decode(ids) == text
    assert ids == tokenizer.apply_chat_template(CHAT, add_generation_prompt=True, return_dict=False)


def test_chat_messages_get_no_second_bos(adds_bos: Any) -> None:
    adds_bos.chat_template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }} {% endfor %}"
    assert prompt_ids(adds_bos, CHAT, None, "m").count(adds_bos.bos_token_id) == 1


def test_plain_text_gets_its_own_bos(adds_bos: Any) -> None:
    ids = prompt_ids(adds_bos, "1 + 1 =", None, "m")
    assert ids[0] == adds_bos.bos_token_id
    assert ids.count(adds_bos.bos_token_id) == 1


def test_a_template_of_ones_own_is_used(tokenizer: Any) -> None:
    ids = prompt_ids(tokenizer, CHAT, "{% for m in messages %}[{{ m['content'] }}]{% endfor %}", "m")
    assert tokenizer.decode(ids) == "[Be brief.][What is 1 + 1?]"


def test_a_model_without_template_says_what_to_do(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    with pytest.raises(InputError, match=r"model m has no chat template; set prompt.style: plain"):
        prompt_ids(tokenizer, CHAT, None, "m")
    assert prompt_ids(tokenizer, "1 + 1 =", None, "m")


def test_a_template_that_refuses_the_messages_is_quoted(tokenizer: Any) -> None:
    with pytest.raises(InputError, match="does not take these messages: no system role"):
        prompt_ids(tokenizer, CHAT, "{{ raise_exception('no system role') }}", "m")
