"""Why a thing changes: what git says of files and of the commits that edited them, and the causes of a playbook run."""
