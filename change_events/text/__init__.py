"""Text formats: exact JSON, Markdown, times."""
