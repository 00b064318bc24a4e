#!/usr/bin/env bash
# A throw-away PostgreSQL 15 for the suites, from the distribution's package: loopback, superuser postgres, trust (other methods for the test roles).
# server.sh start | stop      env: WORK (folder), PORT. As root it runs as the account postgres, else as the caller.
set -euo pipefail
WORK=${WORK:?}; PORT=${PORT:-54330}; DATA=$WORK/pg/data; BIN=${PGBIN:-/usr/lib/postgresql/15/bin}
as_owner() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
case ${1:-} in
start)
  if [ ! -f "$DATA/PG_VERSION" ]; then
    mkdir -p "$WORK/pg"; [ "$(id -u)" = 0 ] && chown postgres "$WORK/pg"
    as_owner "$BIN/initdb" -D "$DATA" -A trust -U postgres --locale=C.UTF-8 -E UTF8 >/dev/null
    cat >> "$DATA/postgresql.conf" <<C
listen_addresses='127.0.0.1'
port=$PORT
unix_socket_directories='$WORK/pg'
max_connections=200
max_prepared_transactions=20
wal_level=logical
fsync=off
shared_buffers=256MB
C
  fi
  # Written at each start: suites that came later need more of it.
  cat > "$DATA/pg_hba.conf" <<C
local all all trust
host all postgres 127.0.0.1/32 trust
host all pgx_md5 127.0.0.1/32 md5
host all pgx_scram 127.0.0.1/32 scram-sha-256
host all pgx_pw 127.0.0.1/32 password
host all identity_agents 127.0.0.1/32 scram-sha-256
host test all 127.0.0.1/32 md5
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
C
  as_owner "$BIN/pg_ctl" -D "$DATA" -o "-p $PORT" -l "$WORK/pg/log" -w start >/dev/null;;
stop) as_owner "$BIN/pg_ctl" -D "$DATA" -m fast -w stop >/dev/null;;
*) echo "usage: server.sh start|stop" >&2; exit 2;;
esac
