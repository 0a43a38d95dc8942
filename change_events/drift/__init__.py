"""Drift of directories: results of a check, rules that ignore drift, and differences from the last check."""
