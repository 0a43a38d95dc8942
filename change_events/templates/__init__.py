"""Titles and messages from the user's own Jinja templates."""
