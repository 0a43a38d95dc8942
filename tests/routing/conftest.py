"""What the backends of the kit need around them."""

from tests.destinations.conftest import aws_credentials

__all__ = ["aws_credentials"]
