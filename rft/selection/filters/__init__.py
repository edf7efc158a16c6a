"""Filters say why a correct sample is not training data. This table is where their names are looked up.

Each is a frozen dataclass in a file of its own: see ``rft.types.Filter``. Its fields are its options in a config.
"""

FILTERS: dict[str, str] = {
    "low_trust": "rft.selection.filters.low_trust:LowTrust",
    "false_equations": "rft.selection.filters.false_equations:FalseEquations",
    "length": "rft.selection.filters.length:Length",
}
