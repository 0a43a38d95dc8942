"""Files and folders below which nothing of someone else's is read, followed or deleted."""
