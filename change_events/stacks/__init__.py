"""A run of many stacks: one event for a command whose units each have an event of their own.

``terragrunt`` determines the path of the run report before the command starts, and ``report`` reads it afterwards.
``tally`` counts runs without an event, ``units`` combines them with events of the journal, ``event`` builds the event
of the whole run, and ``late`` determines whether more units may follow.
"""
