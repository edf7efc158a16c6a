"""Rewrites what transformers 5 saves under names that 4 does not know, so that both load the folder alike.

Covered are the tokenizer's class, its extra special tokens and the base of the rotary embedding (one for all layers;
models with one per kind of layer are left as they are). Everything written here is read by transformers 4.56 to 5.19.
"""

import json
from pathlib import Path

from rft.models.checkpoint import read_object
from rft.types import JSON

TOKENIZER_CLASS = "PreTrainedTokenizerFast"
"""What both majors call a tokenizer that is all in tokenizer.json; 5 saves it as ``TokenizersBackend``."""


def make_portable(folder: Path) -> None:
    """Rewrites tokenizer_config.json and config.json of a model folder where they hold names that only 5 knows.

    Raises:
        InputError: one of the two files cannot be read as JSON.
    """
    for name, rewrite in (("tokenizer_config.json", portable_tokenizer), ("config.json", portable_config)):
        if (folder / name).is_file():
            values = read_object(folder / name)
            if (other := rewrite(values)) != values:
                write_object(folder / name, other)


def portable_tokenizer(values: dict[str, JSON]) -> dict[str, JSON]:
    """Returns a tokenizer_config.json for both majors.

    transformers 4 refuses the class ("TokenizersBackend does not exist") and a list of extra special tokens ("'list'
    object has no attribute 'keys'"); its class of the other name feeds token types to models unless told not to.
    """
    values = dict(values)
    if values.get("tokenizer_class") == "TokenizersBackend":
        values["tokenizer_class"] = TOKENIZER_CLASS
        values.setdefault("model_input_names", ["input_ids", "attention_mask"])
    if isinstance(values.get("extra_special_tokens"), list):
        values["additional_special_tokens"] = values.pop("extra_special_tokens")
    return values


def portable_config(values: dict[str, JSON]) -> dict[str, JSON]:
    """Returns a config.json for both majors: ``rope_parameters`` stands there under 4's names as well.

    Without them 4 says nothing and takes the default base of 10,000.

    >>> portable_config({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}})["rope_theta"]
    500000.0
    """
    rope = values.get("rope_parameters")
    if not isinstance(rope, dict) or "rope_theta" not in rope:
        return values
    own = {name: rope[name] for name in ("rope_theta", "partial_rotary_factor") if name in rope}
    scaling = {name: value for name, value in rope.items() if name not in own}
    return {**values, **own, "rope_scaling": scaling if scaling.get("rope_type", "default") != "default" else None}


def write_object(file: Path, values: dict[str, JSON]) -> None:
    """Writes JSON as transformers does: sorted and indented."""
    file.write_text(json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
