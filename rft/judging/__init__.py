"""Puts completions to verifiers: bare files, the proof of a task, second opinions, rewards."""
