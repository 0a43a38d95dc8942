"""How a line of the stream ends that is a provisioner's output and nothing else: there may be millions of them."""

from __future__ import annotations

PROVISIONER_OUTPUT = b'"},"type":"provision_progress"}'
"""Terraform writes the keys of a message in order."""
