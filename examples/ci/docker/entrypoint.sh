#!/bin/sh
# Tells when the container's program starts, and how it ends: entrypoint.sh PROGRAM ARGUMENTS…
#
# SERVICE and VERSION name it. The program gets the container's signals, its exit code is the container's, and a
# tfevent that fails costs a line of its log.

tfevent events start --service "${SERVICE:-$(basename "$1")}" --version "$VERSION" --wait 2 > /dev/null || true

exec 3<&0 # a shell takes standard input away from what it runs beside itself: it gets it by another number
"$@" <&3 3<&- &
program=$!
for name in TERM INT HUP QUIT USR1 USR2; do
    # shellcheck disable=SC2064 # the program's number is known by now
    trap "kill -$name $program 2> /dev/null" "$name"
done

# wait comes back for each signal that a trap has dealt with; the program may still be at its work then
wait "$program"
code=$?
while kill -0 "$program" 2> /dev/null; do
    wait "$program"
    code=$?
done

tfevent events stop --service "${SERVICE:-$(basename "$1")}" --version "$VERSION" --exit-code "$code" --wait 2 > /dev/null || true
exit "$code"
