"""From selected rows to files that trainers read. This table is where the names of formats are looked up.

Each is a frozen dataclass in a file of its own: see ``rft.types.Format``. Its fields are its options in a config.
"""

FORMATS: dict[str, str] = {
    "prompt_completion": "rft.exports.prompt_completion:PromptCompletion",
    "messages": "rft.exports.messages:Messages",
}
