"""Rejection sampling fine-tuning for code and math: sample, verify, select, train, measure, again."""

__version__ = "0.1.0"
