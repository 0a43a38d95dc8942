"""Drift checks of directories: read-only terraform processes in parallel, and the interpretation of their plans."""
