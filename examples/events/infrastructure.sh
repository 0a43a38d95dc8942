#!/bin/sh
# A change to infrastructure not made by terraform, recorded in two steps: when it begins, and how it ended.
set -eu
move_disks() { sleep 0.1; } # the work itself, which may take days and end in another shell
id=$(tfevent events send --kind infrastructure --title "Move the database to other disks" --environment prod --state started)
if move_disks; then
    tfevent events send --state finished --id "$id" --message "All 12 volumes moved."
else
    tfevent events send --state finished --id "$id" --outcome failed --severity error
fi
