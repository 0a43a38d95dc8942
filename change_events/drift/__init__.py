"""Drift of directories: what a check found, what the settings ignore, what is new since the last check."""
