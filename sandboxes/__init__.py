"""Where untrusted code runs. A sandbox runs a program within limits and returns facts, never a verdict.

No task of this version executes code, so the table is empty; a sandbox enters it with one line.
"""

SANDBOXES: dict[str, str] = {}
