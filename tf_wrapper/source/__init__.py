"""Finds the declaration of a changed resource, and the commit that last changed its block."""

from tf_wrapper.source.locate import with_sources

__all__ = ["with_sources"]
