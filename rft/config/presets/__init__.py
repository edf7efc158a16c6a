"""Presets: ordinary YAML files that a config names with ``preset: NAME``."""
