"""Terraform's machine-readable stream, rendered as the text its human view prints."""

from __future__ import annotations

from tf_wrapper.render.renderer import HumanRenderer

__all__ = ["HumanRenderer"]
