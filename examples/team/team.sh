#!/usr/bin/env bash
# A team on one machine: PostgreSQL, a ledger in it, a collector before it, and two machines that deliver to it.
#
# Needs PostgreSQL (apt-get install postgresql) and tfevent with the extra: pip install 'tfevent[server]'.
# Everything is in a temporary folder, and ends with the script. With --keep, it goes on serving until Ctrl-C.
set -euo pipefail

tfevent=${TFEVENT:-tfevent}
bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}
[ -x "$bin/initdb" ] || { echo "team.sh needs PostgreSQL: apt-get install postgresql" >&2; exit 69; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/tfevent-team.XXXXXX")
unset TFEVENT_LEDGER TFEVENT_LEDGER_URL TFEVENT_LEDGER_TOKEN TFEVENT_JOURNAL
export TFEVENT_STATE_DIR=$folder/server

# PostgreSQL does not run as root.
as_postgres() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  as_postgres() { runuser -u postgres -- "$@"; }
fi

end() {
  trap - EXIT INT TERM
  [ -z "${collector:-}" ] || kill "$collector" 2>/dev/null || true
  wait
  as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "# PostgreSQL, in $folder, on a socket only"
word() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }
admin=$(word) serve=$(word)
(umask 077; printf '%s' "$admin" > "$folder/password")
[ "$(id -u)" != 0 ] || chown -R postgres "$folder"
cd "$folder"
as_postgres "$bin/initdb" -D "$folder/data" -U admin -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 \
  --pwfile="$folder/password" >/dev/null
as_postgres "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
  -o "-c listen_addresses='' -c unix_socket_directories='$folder'" start >/dev/null

echo "# a ledger, a user of the collector, and a token of the team ops"
export PGHOST=$folder
export PGPASSWORD=$admin
"$bin/psql" -qX -U admin -d postgres -c 'CREATE DATABASE events'
export TFEVENT_LEDGER="postgresql://admin@/events"
"$tfevent" events ledger init
"$bin/psql" -qX -U admin -d events <<SQL
SET password_encryption = 'scram-sha-256';
CREATE ROLE tfevent_serve LOGIN PASSWORD '$serve' IN ROLE tfevent_collector, tfevent_writer, tfevent_reader;
INSERT INTO tfevent.members (role, team, may) VALUES ('tfevent_serve', '*', 'write'), ('tfevent_serve', '*', 'read');
SQL
token=$("$tfevent" events ledger token create --team ops --label team.sh --expires 1d)

echo "# the collector"
export PGPASSWORD=$serve
export TFEVENT_LEDGER="postgresql://tfevent_serve@/events"
"$tfevent" events serve --collect --no-browser --port 0 > "$folder/link" &
collector=$!
until [ -s "$folder/link" ]; do
  kill -0 "$collector" || exit 1
  sleep 0.1
done
link=$(head -1 "$folder/link")

echo "# two machines, each with a journal of its own; they know the collector and the token, and no database"
on() {
  local name=$1
  shift
  env -u PGHOST -u PGPASSWORD -u TFEVENT_LEDGER \
    TFEVENT_STATE_DIR="$folder/$name" TFEVENT_LEDGER_URL="${link%%/enter*}" TFEVENT_LEDGER_TOKEN="$token" \
    "$tfevent" events "$@"
}
on web send --kind deployment --service shop --environment prod --title "shop 2.14.0 deployed" &
web=$!
on build run --kind build --service shop --title "shop 2.14.0 built" -- true &
build=$!
wait "$web"
wait "$build"
on web doctor --send-test | grep '^[a-z]*  *ledger '

echo "# what the team sees"
"$tfevent" events list --since 1h
"$tfevent" events ledger status
"$tfevent" events serve --once --port 0

if [ "${1:-}" = --keep ]; then
  echo "# open $link; Ctrl-C ends everything"
  wait "$collector"
fi
