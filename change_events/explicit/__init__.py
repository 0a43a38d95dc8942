"""Explicit events: changes described by a person or a script.

``explicit_input`` reads and validates the input, ``titles`` words it if the sender did not, ``event`` creates the
event, and ``command_outcome`` adds the end of a command. Nothing here records or sends.
"""
