"""Filters of selection, one file each."""
