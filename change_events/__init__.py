"""The core of tfevent: the change event, and everything that happens to one.

Knows nothing of Terraform or Ansible; the two halves build on it and never on each other.
"""

__version__ = "0.1.0"
