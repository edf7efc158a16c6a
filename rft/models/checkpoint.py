"""Says whether a folder holds a model that an engine can load, and which one, from file headers alone.

What is proved: config and tokenizer files parse, every weight file that the index names is there, its safetensors
header parses and its size is what the header says (a copy cut short is caught). What is not: that the numbers are good.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import BinaryIO

from rft.errors import InputError
from rft.types import JSON

INDEX = "model.safetensors.index.json"
MAX_HEADER_BYTES = 100_000_000
"""The safetensors library refuses longer headers too."""
PROBES = 64
"""Places in each weight file that ``identity`` reads: enough that every kind of layer of a fine-tuned model is hit."""
PROBE_BYTES = 16 * 1024


def check_model(path: Path) -> None:
    """Returns if the folder holds a loadable model: config, complete safetensors weights, tokenizer.

    Raises:
        InputError: names the folder and what is missing or torn.
    """
    if not path.is_dir():
        raise InputError(f"model folder {path} does not exist")
    if not (path / "config.json").is_file():
        if (path / "adapter_config.json").is_file():
            raise InputError(f"{path} holds a LoRA adapter, not a model; merge it into its base model first")
        raise InputError(f"{path} is not a model folder: config.json is missing")
    config = read_object(path / "config.json")
    if not ("model_type" in config or "architectures" in config):
        raise InputError(f"{path / 'config.json'} names neither a model_type nor architectures")
    for name, tensors in _weight_files(path).items():
        _check_weights(path / name, tensors)
    _check_tokenizer(path)


def identity(model: str) -> str:
    """Returns a short fingerprint of a model: equal while it is the same, other after any training step.

    A hub id stands for itself (``hub:org/name``). For a folder it is a hash of config, tokenizer, weight headers and
    of samples spread over the weights (about 1 MiB per file), so that it takes milliseconds for any size. The folder's
    own name and dates do not matter.

    Raises:
        InputError: a folder's files cannot be read.
    """
    path = Path(model)
    if not path.is_dir():
        return f"hub:{model}"
    digest = hashlib.sha256()
    try:
        for file in sorted(path.iterdir()):
            if file.suffix == ".safetensors":
                digest.update(_probe(file))
            elif file.suffix in {".json", ".jinja", ".model"} and not file.name.startswith(("rft_", "trainer_")):
                digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    except OSError as error:
        raise InputError(f"model folder {path} cannot be read: {error}") from error
    return f"sha256:{digest.hexdigest()[:16]}"


def _probe(file: Path) -> bytes:
    size = file.stat().st_size
    digest = hashlib.sha256(f"{file.name}\0{size}\0".encode())
    with file.open("rb") as stream:
        header_bytes = int.from_bytes(stream.read(8), "little")
        digest.update(stream.read(min(header_bytes, MAX_HEADER_BYTES)))
        last = max(size - PROBE_BYTES, 0)
        for place in range(PROBES + 1):
            stream.seek(last * place // PROBES)
            digest.update(stream.read(PROBE_BYTES))
    return digest.digest()


def _weight_files(path: Path) -> dict[str, set[str]]:
    """Returns the names of the weight files, each with the tensors that the index expects in it."""
    if (path / INDEX).is_file():
        table = read_object(path / INDEX).get("weight_map")
        if not isinstance(table, dict) or not table:
            raise InputError(f"{path / INDEX} has no weight_map")
        files: dict[str, set[str]] = {}
        for tensor, name in table.items():
            files.setdefault(str(name), set()).add(str(tensor))
        return files
    found = sorted(f.name for f in path.glob("*.safetensors") if not f.name.startswith("adapter_"))
    if sharded := [name for name in found if re.search(r"-\d+-of-\d+\.", name)]:
        raise InputError(f"{path} holds {sharded[0]} but no {INDEX}: the weights are incomplete")
    if not found:
        pickles = any(path.glob("*.bin")) or any(path.glob("*.pt"))
        hint = "; weights in .bin or .pt files are not read, save them as safetensors" if pickles else ""
        raise InputError(f"{path} holds no weights: neither model.safetensors nor {INDEX} is there{hint}")
    return {name: set() for name in found}


def _check_weights(file: Path, expected: set[str]) -> None:
    if not file.is_file():
        raise InputError(f"{file.parent} is incomplete: weight file {file.name} is missing")
    size = file.stat().st_size
    with file.open("rb") as stream:
        header, start = _read_header(stream, file, size)
    try:
        ends = [int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__"]
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise InputError(f"weight file {file} has a malformed header: {error!r}") from error
    if not ends:
        raise InputError(f"weight file {file} holds no tensors")
    if size != start + max(ends):
        raise InputError(
            f"weight file {file} is torn: {size} bytes are there, its header speaks of {start + max(ends)}"
        )
    if missing := sorted(expected - header.keys()):
        raise InputError(f"weight file {file} lacks {len(missing)} tensors that the index names, e.g. {missing[0]}")


def _read_header(stream: BinaryIO, file: Path, size: int) -> tuple[dict[str, JSON], int]:
    """Returns a safetensors header and where the data start (format: 8 bytes of length, then JSON, then tensors)."""
    length = int.from_bytes(stream.read(8), "little")
    if size < 10 or length > min(size - 8, MAX_HEADER_BYTES):
        raise InputError(f"weight file {file} is torn or is not safetensors: its header does not fit into {size} bytes")
    try:
        header = json.loads(stream.read(length))
    except ValueError as error:
        raise InputError(f"weight file {file} is not safetensors: its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise InputError(f"weight file {file} is not safetensors: its header is not an object")
    return header, 8 + length


def _check_tokenizer(path: Path) -> None:
    if (path / "tokenizer_config.json").is_file():
        read_object(path / "tokenizer_config.json")
    if (path / "tokenizer.json").is_file():
        read_object(path / "tokenizer.json")
        return
    slow = [("tokenizer.model",), ("vocab.json", "merges.txt"), ("tekken.json",), ("vocab.txt",)]
    if not any(all((path / name).is_file() for name in names) for names in slow):
        raise InputError(
            f"{path} has no tokenizer: tokenizer.json (or tokenizer.model, or vocab.json + merges.txt) is missing"
        )


def read_object(file: Path) -> dict[str, JSON]:
    """Returns the JSON object in a file.

    Raises:
        InputError: the file cannot be read, is not JSON, or holds something else.
    """
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{file} holds {type(found).__name__}; an object is wanted")
    return found
