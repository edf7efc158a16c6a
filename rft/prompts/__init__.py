"""The one place where text becomes tokens, for engine and trainer alike."""
