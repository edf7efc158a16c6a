"""One conversation a line with its lineage: ``{"messages": [...], "problem_id": ..., "round": ..., ...}``."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from rft.exports.rows import LINEAGE, MESSAGE_LIST, answer, lineage
from rft.types import JSON, Row

MESSAGES = pa.schema([pa.field("messages", MESSAGE_LIST, nullable=False), *LINEAGE])


@dataclass(frozen=True)
class Messages:
    """Prompt and completion as one conversation, beside the columns of ``LINEAGE``. Plain text has no roles."""

    def schema(self, plain: bool) -> pa.Schema | None:
        """Returns the columns; None for plain text."""
        return None if plain else MESSAGES

    def record(self, row: Row) -> Mapping[str, JSON]:
        """Returns the conversation of a row."""
        return {"messages": [*row.prompt, answer(row)], **lineage(row)}
