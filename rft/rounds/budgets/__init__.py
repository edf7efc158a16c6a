"""How many samples each problem gets in a round. This table is where the names of budgets are looked up.

Each is a dataclass in a file of its own: see ``rft.types.Budget``. Its fields are its options in a config.
"""

BUDGETS: dict[str, str] = {
    "uniform": "rft.rounds.budgets.uniform:Uniform",
}
"""Name -> "module:Class"."""
