#!/usr/bin/env bash
# pg_dump and pg_restore through the gateway give the database that a direct dump gives. Output as regress.sh.
set -euo pipefail
BIN=${PGBIN:-/usr/lib/postgresql/15/bin}; OUT=${WORK:?}/out/dump; mkdir -p "$OUT"; ok=0; bad=0
count() { if "${@:2}"; then ok=$((ok + 1)); else echo "FAILED $1"; bad=$((bad + 1)); fi; }
direct="-h $DIRECT_HOST -p $DIRECT_PORT -U postgres"; through="-h $PGHOST -p $PGPORT -U postgres"
for db in dump_a dump_b; do psql -qtAX $direct -d postgres -c "drop database if exists $db" -c "create database $db" 2>/dev/null; done
"$BIN/pgbench" -q -i -s 2 $direct dump_a 2>/dev/null
psql -qX $direct dump_a -c "create table odd (id serial primary key, t text, b bytea, j jsonb, a int[]); insert into odd (t, b, j, a) select repeat(chr(9 + i % 200), i), decode(md5(i::text), 'hex'), jsonb_build_object('i', i), array[i, null] from generate_series(1, 500) i; select lo_from_bytea(0, decode(repeat('00ff5c', 5000), 'hex'))" >/dev/null
"$BIN/pg_dump" $direct dump_a > "$OUT/direct.sql"; "$BIN/pg_dump" $through dump_a > "$OUT/through.sql"
strip() { grep -v '^\\\(un\)\?restrict' "$1"; }
count 'plain dump' cmp -s <(strip "$OUT/direct.sql") <(strip "$OUT/through.sql")
"$BIN/pg_dump" -Fc $through dump_a > "$OUT/custom"; count 'restore' "$BIN/pg_restore" $through -d dump_b "$OUT/custom"
"$BIN/pg_dump" $direct dump_b > "$OUT/restored.sql"; count 'restored database' cmp -s <(strip "$OUT/direct.sql") <(strip "$OUT/restored.sql")
"$BIN/pg_dump" -j 3 -Fd -f "$OUT/dir.$$" $through dump_a && count 'parallel dump' test -f "$OUT/dir.$$/toc.dat"; rm -rf "$OUT/dir.$$"
echo "$ok passed, $bad failed"
