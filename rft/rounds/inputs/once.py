"""The one rule of staleness: a stage that is done is done again only when one of its inputs has changed."""

from collections.abc import Callable, Mapping
from pathlib import Path

from rft.store.files import read_json, write_json
from rft.store.fingerprint import LongList, fingerprint
from rft.types import JSON

Record = dict[str, JSON]


def once(
    record: Path,
    inputs: Mapping[str, JSON | LongList],
    make: Callable[[], Mapping[str, JSON]],
    *,
    holds: Callable[[Mapping[str, JSON]], bool] = lambda _: True,
    outdated: Callable[[list[str]], None] = lambda _: None,
) -> Record:
    """Returns what an earlier call with the same inputs left, else what ``make`` returns now.

    Args:
        record: the JSON file that says what was made, and from which inputs. It is written last, so that a stage
            that was interrupted counts as not done.
        inputs: name -> value of everything that the result depends on. Their order is part of the mark.
        make: does the work and returns what is worth recording.
        holds: whether the files that an earlier call left are still there.
        outdated: is called before the work is done anew with the names of the inputs that changed: the place to
            refuse, or to put aside what depends on the old result. Not called where nothing was done before.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     record = Path(folder) / "sum.json"
    ...     first = once(record, {"a": 1, "b": 2}, lambda: {"sum": 3})
    ...     second = once(record, {"a": 1, "b": 2}, lambda: {"sum": "never asked"})
    ...     third = once(record, {"a": 1, "b": 5}, lambda: {"sum": 6}, outdated=print)
    ['b']
    >>> first["sum"], second["sum"], third["sum"]
    (3, 3, 6)
    """
    recorded = read_json(record)
    mark = fingerprint(*inputs.values())
    if recorded.get("fingerprint") == mark and holds(recorded):
        return recorded
    now = digests(inputs)
    if recorded:
        outdated(changed(recorded, now))
    made = {"fingerprint": mark, "inputs": now, **make()}
    write_json(record, made)
    return made


def changed(recorded: Mapping[str, JSON], now: Mapping[str, str]) -> list[str]:
    """Returns the names of the inputs whose digests differ from a record's; all of them if it names none."""
    before = recorded.get("inputs")
    if not isinstance(before, dict):
        return list(now)
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def digests(inputs: Mapping[str, JSON | LongList]) -> dict[str, str]:
    """Returns name -> a short hash of each input."""
    return {name: fingerprint(value) for name, value in inputs.items()}
