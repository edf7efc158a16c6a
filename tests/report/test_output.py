"""Tables for a person: what stands in a cell is shown as it is."""

import pytest

from rft.report.output import print_table


def test_a_cell_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("type", "said"), [("tuple[str, ...]", "[red]x\x1b[2J")], title="dict[str, str]")
    shown = capsys.readouterr().out
    assert "tuple[str, ...]" in shown
    assert "[red]x\\x1b[2J" in shown
    assert "dict[str, str]" in shown
