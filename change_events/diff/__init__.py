"""Compares an object before and after, and returns the attributes that differ.

Sensitive takes precedence over unknown, and unknown over values: whatever a mask of either side covers is never
shown. Numbers are compared and kept exactly (:class:`Number`), lists by their elements rather than by
position, JSON and YAML in strings by their content.
"""

from change_events.diff.equality import same
from change_events.diff.masks import has_true, hidden_values
from change_events.diff.paths import render_path
from change_events.diff.walk import diff, diff_bounded
from change_events.text.exact_json import Number, decode_exact

__all__ = [
    "Number",
    "decode_exact",
    "diff",
    "diff_bounded",
    "has_true",
    "hidden_values",
    "render_path",
    "same",
]
