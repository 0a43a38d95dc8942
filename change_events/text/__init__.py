"""Text formats: exact JSON, Markdown, points in time."""
