"""Reports on events: a self-contained HTML page, and how long a Markdown document may be where it is posted."""
