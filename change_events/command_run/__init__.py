"""Runs any command transparently, and records it: ``tfevent events run``.

``observe`` runs it; it is imported before the command starts and has few imports. ``recorder`` writes the event, in a
thread beside it.
"""
