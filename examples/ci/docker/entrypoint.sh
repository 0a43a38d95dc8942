#!/bin/sh
# Records when the container's program starts, and how it ends: entrypoint.sh PROGRAM ARGUMENTS…
#
# SERVICE and VERSION name it. The program gets the container's signals, its exit code is the container's, and a
# tfevent that fails costs a line of its log.

service=${SERVICE:-$(basename "$1")}
program=
asked=

# A signal that comes before the program is there: one that asks for an end prevents its start, another waits for it.
receive() {
    if [ -n "$program" ]; then
        kill "-$1" "$program" 2> /dev/null
    else
        asked="$asked $1"
    fi
}
for name in TERM INT QUIT HUP USR1 USR2 WINCH; do
    case $name in
        INT | QUIT | WINCH) [ ! -t 0 ] || continue ;; # a terminal sends these to the program itself
    esac
    # shellcheck disable=SC2064 # the name is known by now
    trap "receive $name" "$name"
done

# Wait for a process to its end: wait comes back for each signal that a trap has dealt with, too.
end_of() {
    wait "$1"
    code=$?
    while kill -0 "$1" 2> /dev/null; do
        wait "$1"
        code=$?
    done
}

record_end() {
    tfevent events stop --service "$service" --version "$VERSION" --exit-code "$1" --budget 2 > /dev/null &
    end_of $!
    exit "$1"
}

tfevent events start --service "$service" --version "$VERSION" --budget 2 > /dev/null &
end_of $! # in the background: a shell runs its traps only when what it waits for in the foreground has ended

for name in $asked; do
    case $name in
        INT) record_end 130 ;;
        QUIT) record_end 131 ;;
        TERM) record_end 143 ;;
    esac
done

# A shell without job control has what it starts in the background ignore SIGINT and SIGQUIT, and takes its standard
# input away: it gets the first back from env (GNU) or Python, the second by another number.
exec 3<&0
if env --default-signal=INT,QUIT true 2> /dev/null; then
    env --default-signal=INT,QUIT "$@" <&3 3<&- &
else
    python3 -c 'import os, signal, sys
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" <&3 3<&- &
fi
program=$!

for name in $asked; do # none of them asks for an end; a moment later, since a program that has no handler yet dies of it
    (sleep 1 && kill "-$name" "$program" 2> /dev/null) &
done

end_of "$program"
record_end "$code"
