"""Rendering for the terminal: events, changes, tasks, lists, trees."""
