"""The core of tfevent: the change event, and everything that happens to one.

Knows nothing of Terraform or Ansible; the two halves build on it and never on each other.
"""

__version__ = "0.1.0"
API_VERSION = 1  # of the documents that :mod:`change_events.recording.ingest` reads; asking for it imports nothing else
