"""Terraform's machine-readable output of an apply: reading, following, matching it to planned changes."""
