"""What a reader sees of an event: a title for a graph, a Markdown message within a size, a severity.

:func:`composing.compose` fills them in. Nothing is imported here: what needs one phrase needs no signals.
"""
