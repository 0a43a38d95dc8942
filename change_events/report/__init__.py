"""Reports on events: a self-contained HTML page, and size limits of Markdown documents."""
