"""The collector: a ledger by HTTP, for machines that have a token and no user of the database."""
