"""The run directory: append-only logs of samples and verdicts, whole-file writes, the lock."""
