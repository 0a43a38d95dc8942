#!/bin/sh
# A terraform that prints what lies in its directory: messages.jsonl, pending.jsonl, plan.json, state.json, workspaces.
# For many directories, and for what a real one cannot be made to do: `hang` waits for a signal, and beside `stubborn`
# takes no notice of an interrupt.
echo "$1 $(basename "$PWD")" >> "${STAND_IN_LOG:-/dev/null}"
case "$1" in
plan)
  [ -e stubborn ] && trap '' INT
  [ -e hang ] && { echo $$ >> "$STAND_IN_LOG.pids"; exec sleep 100000; }
  for word; do case "$word" in -out=*) cat plan.zip > "${word#-out=}" ;; esac; done
  case " $* " in *" -refresh=false "*) cat pending.jsonl ;; *) cat messages.jsonl ;; esac
  [ ! -e fails ]
  ;;
show) cat plan.json ;;
workspace) cat workspaces ;;
state) cat state.json 2> /dev/null ;;
version) echo '{"terraform_version":"1.11.4"}' ;;
esac
