"""Small folders with the outward signs of a model, whole or broken as copies and trainers break them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

Break = Callable[[Path], object]


def write_weights(file: Path, tensors: Mapping[str, bytes]) -> None:
    """Writes a safetensors file of 16-bit vectors."""
    header, start = {}, 0
    for name, data in tensors.items():
        header[name] = {"dtype": "BF16", "shape": [len(data) // 2], "data_offsets": [start, start + len(data)]}
        start += len(data)
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(tensors.values()))


def small_model(path: Path, weights: bytes = bytes(100_000)) -> Path:
    """Writes a folder that passes for a model of two shards."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text('{"model_type": "llama"}')
    (path / "tokenizer.json").write_text('{"model": {"vocab": {}}}')
    (path / "tokenizer_config.json").write_text("{}")
    shards = {"embed": "model-00001-of-00002.safetensors", "head": "model-00002-of-00002.safetensors"}
    for tensor, shard in shards.items():
        write_weights(path / shard, {tensor: weights})
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    return path


def cut(name: str, n_bytes: int = 1000) -> Break:
    """Returns a break that drops the end of a file."""

    def apply(path: Path) -> None:
        (path / name).write_bytes((path / name).read_bytes()[:-n_bytes])

    return apply


def remove(name: str) -> Break:
    """Returns a break that deletes a file."""
    return lambda path: (path / name).unlink()


def write(name: str, text: str) -> Break:
    """Returns a break that replaces a file."""
    return lambda path: (path / name).write_text(text)
