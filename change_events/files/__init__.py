"""Files and folders below which nothing of somebody else's is read, followed or deleted."""
