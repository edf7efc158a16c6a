"""A tracker that needs no service: every event of a run as a line of JSON, for whatever draws curves."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rft.report.progress import Progress
from rft.store.files import disk_error


@dataclass
class EventFile:
    """Appends events to a file: the state of an E-step when it begins and ends, a trainer's steps, what is outdated."""

    path: Path
    """JSONL; a line holds ``time`` (seconds since 1970), ``event`` and its figures."""

    def __post_init__(self) -> None:
        """Makes sure that the file can be written, before a run begins.

        Raises:
            InputError: it cannot.
        """
        self._append("")

    def begin(self, progress: Progress) -> None:
        """Notes the state at the start of an E-step."""
        self._write(progress.event() | {"event": "begin"})

    def end(self, progress: Progress) -> None:
        """Notes the state at its end."""
        self._write(progress.event() | {"event": "end"})

    def note(self, event: str, message: str, **facts: Any) -> None:
        """Notes an event with its figures."""
        self._write({"event": event, "message": message, **facts})

    def _write(self, facts: dict[str, Any]) -> None:
        self._append(json.dumps({"time": round(time.time(), 3), **facts}, ensure_ascii=False) + "\n")

    def _append(self, text: str) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise disk_error(error, self.path) from error
