"""Turns a GGUF file into a folder that transformers, TRL and vLLM load. Run as a program: memory comes back with it.

``python -m rft.models.convert GGUF OUT``
"""

import sys
from pathlib import Path


def convert(gguf: Path, out: Path) -> None:
    """Writes bfloat16 safetensors, tokenizer with chat template, config and generation config into ``out``."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers would otherwise keep the file's quantisation in the config and refuse to save plain weights.
    model.is_quantized = False
    if hasattr(model, "hf_quantizer"):
        del model.hf_quantizer
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    eos = tokenizer.eos_token_id
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=eos, pad_token_id=tokenizer.pad_token_id
    )
    model.config.eos_token_id = eos
    tokenizer.model_max_length = model.config.max_position_embeddings
    _split_digits(tokenizer)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def _split_digits(tokenizer: object) -> None:
    """Restores the first step of SmolLM2's tokenizer, which the GGUF only names (``tokenizer.ggml.pre = smollm``).

    Without it a line break or a run of spaces before a digit is cut into other tokens than the model was trained on.
    """
    from tokenizers import pre_tokenizers

    backend = tokenizer.backend_tokenizer  # type: ignore[attr-defined]
    digits = pre_tokenizers.Digits(individual_digits=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence([digits, backend.pre_tokenizer])


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
