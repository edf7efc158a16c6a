"""Where problems come from: the first station of the line, one file per task.

A task is a dataclass whose fields are its options in a config. It has ``problems(split)`` (see ``rft.types.Task``) and
``splits``, the names of its splits, or None where they cannot be known without asking a hub. Problems come in a fixed
order, one by one; ids are unique within a split, and nothing malformed gets through: the error names file and line.
"""

TASKS: dict[str, str] = {
    "apps": "rft.tasks.apps:Apps",
    "arithmetic": "rft.tasks.arithmetic:Arithmetic",
    "codecontests": "rft.tasks.codecontests:CodeContests",
    "gsm8k": "rft.tasks.gsm8k:Gsm8k",
    "hf": "rft.tasks.sources.hub:Hub",
    "humaneval": "rft.tasks.humaneval:HumanEval",
    "humaneval+": "rft.tasks.humaneval:HumanEvalPlus",
    "jsonl": "rft.tasks.sources.files:Jsonl",
    "livecodebench": "rft.tasks.livecodebench:LiveCodeBench",
    "math": "rft.tasks.math:Math",
    "mbpp": "rft.tasks.mbpp:Mbpp",
    "mbpp+": "rft.tasks.mbpp:MbppPlus",
    "multi-humaneval": "rft.tasks.multi_humaneval:MultiHumanEval",
    "parquet": "rft.tasks.sources.files:Parquet",
}
"""Name in a config -> "module:Class"."""
