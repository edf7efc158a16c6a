"""A program put to its tests in a sandbox, and what the facts mean."""
