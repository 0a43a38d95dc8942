"""The collector: HTTP access to a ledger for machines with a token instead of a database user."""
