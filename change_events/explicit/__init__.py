"""Explicit events: what a person or a script says happened, in its own words.

``given`` reads and checks what was said, ``titles`` and ``message`` put it into words where the sender did not,
``event`` makes the event, and ``ending`` shows how one that was begun ended. Nothing in here records or sends.
"""
