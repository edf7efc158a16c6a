"""What components hand over is checked here, once, at the seam: a mistake in one becomes one sentence that names it.

    build a component ──▶ wrap it in its Checked… ──▶ the line sees whole protocols and sound records only

A wrapper fills in what a component may leave out (``rft.types.Hooks``), checks types and counts, and turns what it
raises into an error of ours: a verifier's into *unjudged* verdicts, since a broken checker must not look like a wrong
model; any other component's into an ``RftError``. An ``RftError`` of its own passes, and so does a full disk.
"""
