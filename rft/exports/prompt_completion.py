"""What trainers read: ``{"prompt": [messages], "completion": [message]}``, or two strings for plain text."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from rft.exports.rows import MESSAGE_LIST, answer
from rft.types import JSON, Row

CHAT = pa.schema([pa.field(name, MESSAGE_LIST, nullable=False) for name in ("prompt", "completion")])
PLAIN = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("prompt", "completion")])


@dataclass(frozen=True)
class PromptCompletion:
    """The prompt as it was sampled, and the completion as the answer to it."""

    def schema(self, plain: bool) -> pa.Schema:
        """Returns two columns of messages, or two of text."""
        return PLAIN if plain else CHAT

    def record(self, row: Row) -> Mapping[str, JSON]:
        """Returns the prompt and the completion of a row."""
        if isinstance(row.prompt, str):
            return {"prompt": row.prompt, "completion": row.completion}
        return {"prompt": list(row.prompt), "completion": [answer(row)]}
