"""Those who watch a run beside the console: experiment trackers, by name or as ``module:Class``."""

from collections.abc import Iterable, Mapping
from typing import Any

from rft.registry import build, load
from rft.report.progress import Observer, Observers

TRACKERS: dict[str, str] = {"jsonl": "rft.report.events:EventFile"}
"""Name -> "module:Class"."""


def watching(console: Observer, trackers: Iterable[tuple[str, Mapping[str, Any]]]) -> Observers:
    """Returns the console and the trackers of a config as one observer.

    Args:
        console: what people see; it is told first.
        trackers: (kind, options) of each; a tracker is a dataclass with the methods of ``Observer``.

    Raises:
        InputError: a name is unknown, an option is wrong, or a class is not an observer.
    """
    return Observers([console, *(_tracker(kind, options) for kind, options in trackers)])


def _tracker(kind: str, options: Mapping[str, Any]) -> Observer:
    cls = load("tracker", kind, TRACKERS, " in key 'trackers'")
    tracker: Observer = build("tracker", kind, cls, options)
    return tracker
