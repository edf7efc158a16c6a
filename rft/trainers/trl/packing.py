"""Training on the CPU without waste: one forward pass per batch in which the prefix that all rows share stands once.

Few-shot prompts make most of every row the same; padded batches compute it once per row, and TRL 1.16 sends every
position through the LM head where there is no Triton. Here a batch becomes one sequence, ``prefix | rest of row 1 |
rest of row 2 | ...``, with positions counted per row and a mask by which a rest sees the prefix and itself. Attention
is exact, so losses and gradients are those of separate rows (a test compares them); only positions with a loss reach
the LM head.
"""

from collections.abc import Mapping, Sequence
from typing import Any

IGNORED = -100
"""The label of a token without loss (PyTorch's cross entropy)."""


def shared_prefix(rows: Sequence[Mapping[str, Sequence[int]]]) -> int:
    """Returns how many leading tokens all rows share, at most up to the last token before the first one with a loss.

    That last token stays with its row: it predicts the row's own first label.
    """
    limit = min(_first_label(row["labels"]) for row in rows) - 1
    first = rows[0]["input_ids"]
    for place in range(max(limit, 0)):
        if any(row["input_ids"][place] != first[place] for row in rows[1:]):
            return place
    return max(limit, 0)


def pack(rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Any]:
    """Returns one batch as one sequence of T tokens; it is the data collator.

    ``input_ids``, ``position_ids``, ``labels``: (1, T) int; ``attention_mask``: (1, 1, T, T) bool, true where seen.
    """
    import torch

    n_shared = shared_prefix(rows)
    ids = list(rows[0]["input_ids"][:n_shared])
    positions, labels, owner = list(range(n_shared)), [IGNORED] * n_shared, [0] * n_shared
    for number, row in enumerate(rows, start=1):
        rest = row["input_ids"][n_shared:]
        ids += rest
        positions += range(n_shared, n_shared + len(rest))
        labels += row["labels"][n_shared:]
        owner += [number] * len(rest)
    owners = torch.tensor(owner)
    mask = (owners[:, None] == owners[None, :]) | (owners == 0)[None, :]
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "labels": torch.tensor([labels]),
        "attention_mask": mask.tril()[None, None],
    }


def packed_loss(model: Any, batch: Mapping[str, Any], n_labels: Any = None) -> Any:
    """Returns the cross entropy of a packed batch: its sum over ``n_labels``, by default the batch's own count."""
    import torch

    labels = batch["labels"][0, 1:]
    predicting = (labels != IGNORED).nonzero()[:, 0]
    inputs = {name: batch[name] for name in ("input_ids", "position_ids", "attention_mask")}
    logits = model(**inputs, logits_to_keep=predicting, use_cache=False).logits[0]
    total = torch.nn.functional.cross_entropy(logits.float(), labels[predicting], reduction="sum")
    return total / (len(predicting) if n_labels is None else n_labels)


def can_pack(model: Any) -> bool:
    """Says whether a model takes a mask of its own and computes single logits: full attention in every layer."""
    import inspect

    kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    sliding = getattr(model.config, "sliding_window", None) and getattr(model.config, "use_sliding_window", True)
    takes = {"logits_to_keep", "position_ids", "attention_mask"} <= inspect.signature(
        type(model).forward
    ).parameters.keys()
    attention = getattr(model.config, "_attn_implementation", None)
    return takes and kinds == {"full_attention"} and not sliding and attention == "sdpa"


def packed_trainer(trainer: type[Any]) -> type[Any]:
    """Returns TRL's SFTTrainer with ``packed_loss`` for its loss; give it ``pack`` as the data collator."""

    class PackedTrainer(trainer):  # type: ignore[misc]
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            return packed_loss(model, inputs, num_items_in_batch)

    return PackedTrainer


def _first_label(labels: Sequence[int]) -> int:
    return next((place for place, label in enumerate(labels) if label != IGNORED), len(labels))
