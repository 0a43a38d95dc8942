"""Causes of changes: versions and commits of files in git, and the causes of a playbook run's changes."""
