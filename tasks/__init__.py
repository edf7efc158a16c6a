"""Where problems come from: the first station of the line, one file per task.

A task is a dataclass whose fields are its options in a config. It has ``problems(split)`` (see ``rft.types.Task``) and
``splits``, the names of its splits, or None where they cannot be known without asking a hub. Problems come in a fixed
order, one by one; ids are unique within a split, and nothing malformed gets through: the error names file and line.
"""

TASKS: dict[str, str] = {
    "arithmetic": "rft.tasks.arithmetic:Arithmetic",
    "gsm8k": "rft.tasks.gsm8k:Gsm8k",
    "hf": "rft.tasks.hub:Hub",
    "jsonl": "rft.tasks.files:Jsonl",
    "math": "rft.tasks.math:Math",
    "parquet": "rft.tasks.files:Parquet",
}
"""Name in a config -> "module:Class"."""
