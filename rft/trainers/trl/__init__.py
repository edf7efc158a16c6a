"""The built-in trainer: TRL in a process of its own."""
