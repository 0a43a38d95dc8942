"""Terraform's machine-readable stream of an apply: reading, following, matching to planned changes."""
