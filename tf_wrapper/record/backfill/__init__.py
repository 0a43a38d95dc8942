"""Creates events from existing history: state versions in a bucket, backups of states and plans in folders."""
