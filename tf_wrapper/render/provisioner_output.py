"""Recognises lines of a stream that are only provisioner output, of which there may be millions."""

from __future__ import annotations

PROVISIONER_OUTPUT = b'"},"type":"provision_progress"}'
"""Terraform writes the keys of a message in order."""
