"""Turns a GGUF file into a folder that transformers, TRL and vLLM load. Run as a program: memory comes back with it.

``python -m rft.models.convert GGUF OUT``

From transformers come the weights and the shape of the model. Tokenizer, special ids and chat template are written
from the file's own metadata, so that they are the same bytes with every version. What versions make of SmolLM2's
tokenizer: 4.57 and 5.5 take it for a Llama's (<|im_start|> before every text, no way back from tokens to text), all
before 5.18 take <|im_start|> for its end of turn.
"""

import json
import sys
from pathlib import Path
from typing import Any

from rft.models.portable import TOKENIZER_CLASS, portable_config, write_object
from rft.models.table import CONVERTER, MARKER, TEMPLATE
from rft.types import JSON

CONTROL = 3
"""GGUF's token type for tokens that no text contains (llama.h, LLAMA_TOKEN_TYPE_CONTROL)."""
ROLES = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
"""Special tokens, as transformers and as GGUF call them."""


def convert(gguf: Path, out: Path) -> None:
    """Writes bfloat16 safetensors, tokenizer with chat template, config and generation config into ``out``."""
    import torch
    import transformers

    metadata = read_metadata(gguf)
    load = transformers.AutoModelForCausalLM.from_pretrained
    model = load(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers would otherwise keep the file's quantisation in the config and refuse to save plain weights.
    model.is_quantized = False
    if hasattr(model, "hf_quantizer"):
        del model.hf_quantizer
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.to(torch.bfloat16).save_pretrained(out)
    write_configs(metadata, out)
    write_tokenizer(metadata, out)
    write_object(out / MARKER, {"converter": CONVERTER, "transformers": transformers.__version__})


def read_metadata(gguf: Path) -> dict[str, Any]:
    """Returns the file's keys and values, e.g. ``{"tokenizer.ggml.eos_token_id": 2}``."""
    from gguf import GGUFReader, GGUFValueType

    values: dict[str, Any] = {}
    for name, field in GGUFReader(gguf).fields.items():
        text = field.types[-1:] == [GGUFValueType.STRING]
        items = [bytes(field.parts[i]).decode() if text else field.parts[i].tolist()[0] for i in field.data]
        values[name] = items if field.types[:1] == [GGUFValueType.ARRAY] else items[0]
    return values


def write_configs(metadata: dict[str, Any], out: Path) -> None:
    """Puts the metadata's special ids into the config.json of a saved model, and writes its generation config.

    What tells only of the library is left out, its version for instance, and each thing has one name that both majors
    read: the folder's identity is that of the file, not of the environment that converted it.
    """
    config: dict[str, JSON] = portable_config(json.loads((out / "config.json").read_text("utf-8")))
    ids = {f"{role}_id": metadata[f"tokenizer.ggml.{name}_token_id"] for role, name in ROLES.items()}
    for name in ("_model_name_or_path", "transformers_version", "rope_parameters"):
        config.pop(name, None)
    write_object(out / "config.json", {**config, **ids})
    write_object(out / "generation_config.json", {name: id for name, id in ids.items() if name != "unk_token_id"})


def write_tokenizer(metadata: dict[str, Any], out: Path) -> None:
    """Writes tokenizer.json, tokenizer_config.json and the chat template from a file's metadata.

    Raises:
        ValueError: the file has another kind of tokenizer than SmolLM2.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    kind = (metadata["tokenizer.ggml.model"], metadata["tokenizer.ggml.pre"])
    if kind != ("gpt2", "smollm"):
        raise ValueError(f"a tokenizer of the kind {'/'.join(kind)} cannot be written; known: gpt2/smollm")
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    merges = [(left, right) for left, right in (merge.split(" ") for merge in metadata["tokenizer.ggml.merges"])]
    tokenizer = Tokenizer(models.BPE(vocab={token: id for id, token in enumerate(tokens)}, merges=merges))
    # The GGUF only names this step ("smollm"); it is that of HuggingFaceTB/SmolLM2-135M-Instruct, tokenizer.json.
    # Without the digits a line break or spaces before one are cut into other tokens than the model was trained on.
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    # Adds nothing. Where none is set, transformers 5 makes one up.
    tokenizer.post_processor = processors.TemplateProcessing(single="$A:0", pair="$A:0 $B:1", special_tokens=[])
    kinds = metadata["tokenizer.ggml.token_type"]
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in control])
    tokenizer.save(str(out / "tokenizer.json"))
    settings: dict[str, JSON] = {
        role: tokens[metadata[f"tokenizer.ggml.{name}_token_id"]] for role, name in ROLES.items()
    }
    settings |= {
        "tokenizer_class": TOKENIZER_CLASS,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": metadata[f"{metadata['general.architecture']}.context_length"],
        "clean_up_tokenization_spaces": False,
    }
    write_object(out / "tokenizer_config.json", settings)
    (out / TEMPLATE).write_text(metadata["tokenizer.chat_template"], "utf-8")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
