"""A packed batch is worth exactly what its rows are worth one by one."""

import random
from typing import Any

import pytest

from rft.trainers.trl.packing import IGNORED, can_pack, pack, packed_loss, shared_prefix

Row = dict[str, list[int]]


def row(prompt: list[int], answer: list[int]) -> Row:
    return {"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer}


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([row([1, 2, 3, 4], [9]), row([1, 2, 5, 4], [9])], 2),
        ([row([1, 2, 3], [9]), row([1, 2, 3], [8])], 2),
        ([row([1, 2, 3], [9]), row([1, 2, 3, 4], [9])], 2),
        ([row([7, 2], [9]), row([1, 2], [9])], 0),
        ([row([1], [9]), row([1], [9])], 0),
        ([row([], [9]), row([1, 2], [9])], 0),
        ([row([1, 2, 3], [9])], 2),
    ],
    ids=["differ", "equal prompts", "one is a prefix", "nothing shared", "one token", "no prompt", "one row"],
)
def test_the_shared_prefix_leaves_each_row_a_token_to_predict_from(rows: list[Row], wanted: int) -> None:
    assert shared_prefix(rows) == wanted


def tiny_model() -> Any:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=97,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")


@pytest.mark.train
@pytest.mark.parametrize("n_shared", [0, 1, 20])
def test_losses_and_gradients_are_those_of_separate_rows(n_shared: int) -> None:
    import torch

    dice = random.Random(0)
    prefix = [dice.randrange(97) for _ in range(n_shared)]
    rows = [
        row(prefix + dice.choices(range(97), k=1 + n % 3), dice.choices(range(97), k=dice.randrange(1, 9)))
        for n in range(5)
    ]
    model = tiny_model()
    n_labels = sum(label != IGNORED for r in rows for label in r["labels"])
    packed = packed_loss(model, pack(rows), n_labels)
    packed.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    apart = torch.zeros(())
    for one in rows:  # transformers' own loss, a row at a time
        ids, labels = torch.tensor([one["input_ids"]]), torch.tensor([one["labels"]])
        own = sum(label != IGNORED for label in one["labels"])
        apart = apart + model(input_ids=ids, labels=labels).loss * own / n_labels
    apart.backward()
    torch.testing.assert_close(packed, apart)
    for name, p in model.named_parameters():
        torch.testing.assert_close(gradients[name], p.grad, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.train
def test_only_models_with_full_attention_are_packed() -> None:
    model = tiny_model()
    assert can_pack(model)
    model.config.layer_types = ["full_attention", "sliding_attention"]
    assert not can_pack(model)
