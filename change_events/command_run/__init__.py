"""Running any command as if we were not there, and recording that it ran: ``tfevent events run``.

``observe`` runs it; it is imported before the command starts and stays light. ``recorder`` writes the event, in a
thread beside it.
"""
