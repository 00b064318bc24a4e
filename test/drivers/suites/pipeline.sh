#!/usr/bin/env bash
# PostgreSQL's own test of libpq's pipeline mode; where it ships a trace, every message is compared with it. Output as regress.sh.
set -euo pipefail
WORK=${WORK:?}; VERSION=$(bash "$(dirname "$0")/source.sh" | tail -1); SRC=$WORK/src/postgresql-$VERSION/src/test/modules/libpq_pipeline
OUT=$WORK/out/pipeline; mkdir -p "$OUT"; program=$WORK/src/lib/libpq_pipeline; db=libpq_pipeline_t; ok=0; bad=0
# A new database each time: two of the traces hold the notice that a table is not there yet.
psql -qtAX -h "$PGHOST" -p "$PGPORT" -U postgres -d postgres -c "drop database if exists $db" -c "create database $db" 2>/dev/null
count() { if "${@:2}"; then ok=$((ok + 1)); else echo "FAILED $1"; bad=$((bad + 1)); fi; }
run() { timeout 120 "$program" -r 700 "${@:2}" "$1" "host=$PGHOST port=$PGPORT user=postgres dbname=$db sslmode=disable" >"$OUT/$1.log" 2>&1; }
for test in $("$program" tests); do
  expected=$SRC/traces/$test.trace; trace=(); [ -f "$expected" ] && trace=(-t "$OUT/$test.trace")
  count "$test" run "$test" "${trace[@]}"
  [ -f "$expected" ] && count "$test trace" cmp -s "$expected" "$OUT/$test.trace"
done
echo "$ok passed, $bad failed"
