"""Where a changed resource is declared, and the commit that last touched its block."""

from tf_wrapper.source.locate import with_sources

__all__ = ["with_sources"]
