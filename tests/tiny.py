"""A model folder of a few hundred bytes that passes for a model, and a trainer that copies it."""

import json
import struct
from pathlib import Path

COPY = """
import pathlib, shutil, sys, time
train_file, base, out = sys.argv[1:4]
rows = pathlib.Path(train_file).read_text().splitlines()
time.sleep(float(sys.argv[4]))
shutil.copytree(base, out, dirs_exist_ok=True)
(pathlib.Path(out) / "trained_on.json").write_text(str(len(rows)))
"""
"""A trainer: TRAIN_FILE BASE OUT SECONDS."""


def write_model(folder: Path) -> Path:
    """Writes config, one small tensor and a tokenizer file."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}')
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    (folder / "tokenizer.json").write_text('{"model": {"type": "BPE", "vocab": {}, "merges": []}}')
    (folder / "tokenizer_config.json").write_text("{}")
    return folder
