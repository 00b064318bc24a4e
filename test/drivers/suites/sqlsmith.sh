#!/usr/bin/env bash
# Random queries of sqlsmith (Debian's package; unpacked into WORK where it is not installed): the gateway must survive all of them,
# and neither it nor the server may lose the protocol. Output as regress.sh.
set -euo pipefail
WORK=${WORK:?}; OUT=$WORK/out; DEB=$WORK/src/sqlsmith; mkdir -p "$OUT" "$WORK/src"; program=$(command -v sqlsmith || true)
if [ -z "$program" ]; then
  if [ ! -x "$DEB/usr/bin/sqlsmith" ]; then
    mkdir -p "$DEB"; cd "$DEB"; apt-get download -qq sqlsmith "$(apt-cache depends sqlsmith | sed -n 's/.*Depends: \(libpqxx.*\)/\1/p')" 2>/dev/null
    for package in ./*.deb; do dpkg -x "$package" .; done
  fi
  program=$DEB/usr/bin/sqlsmith; LD_LIBRARY_PATH=$(echo "$DEB"/usr/lib/*-linux-gnu); export LD_LIBRARY_PATH
fi
sql="psql -qtAX -h $PGHOST -p $PGPORT -U postgres"; ok=0; bad=0
count() { if "${@:2}"; then ok=$((ok + 1)); else echo "FAILED $1"; bad=$((bad + 1)); fi; }
$sql -d postgres -c 'drop database if exists smith_t' -c 'create database smith_t' 2>/dev/null
$sql -d smith_t -c 'create table t (id int primary key, a text, b numeric, j jsonb, v int[], x timestamptz); create view w as select id, a || b as c from t' \
  -c "insert into t select i, md5(i::text), i / 7.0, jsonb_build_object('i', i), array[i, null], now() from generate_series(1, 20) i"
# Its own functions may sleep, kill or fill the disk: a time limit a statement, a role that is no superuser.
$sql -d smith_t -c "do \$\$ begin create role smith login; exception when duplicate_object then null; end \$\$" -c 'grant all on all tables in schema public to smith' -c "alter role smith set statement_timeout = '2s'"
status=0; timeout 300 "$program" --target="host=$PGHOST port=$PGPORT user=smith dbname=smith_t sslmode=disable" --seed=7 --max-queries="${QUERIES:-1000}" --verbose > "$OUT/sqlsmith.log" 2>&1 || status=$?
count "it ended by itself (status $status)" test "$status" = 0
lost=$(grep -aciE 'midstream:|server closed the connection|lost synchronization|message contents do not agree' "$OUT/sqlsmith.log" || true)
count "no connection was lost ($lost)" test "$lost" = 0
count 'the server is alive' test "$($sql -d smith_t -c 'select count(*) from w')" -ge 0
echo "$ok passed, $bad failed"
