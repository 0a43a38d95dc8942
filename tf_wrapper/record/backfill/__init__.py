"""History that is already there, as events: versions of a state in a bucket, backups of states and plans in folders."""
