"""Title (one line), Markdown message within a size, and severity of an event.

:func:`composing.compose` sets them. This module imports nothing, so that a single phrase does not load the signals.
"""
