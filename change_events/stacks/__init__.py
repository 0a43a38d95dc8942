"""A run of many stacks: one event for a command whose units each have an event of their own.

``terragrunt`` says where the run report is to be written, before the command starts; ``report`` reads it afterwards;
``tally`` counts runs that left no event; ``units`` puts them together with the events of the journal; ``event`` makes
the event of the whole; ``late`` decides whether units may still come after that.
"""
