"""The one schema of a run, its starter file, and the presets that ship with the package."""
