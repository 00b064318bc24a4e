#!/usr/bin/env bash
# pgbench in each query mode, with transactions that write, and through a new connection each time. Output as regress.sh.
set -euo pipefail
BIN=${PGBIN:-/usr/lib/postgresql/15/bin}; ok=0; bad=0; through="-h $PGHOST -p $PGPORT -U postgres"
count() { if "${@:2}" >/dev/null 2>&1; then ok=$((ok + 1)); else echo "FAILED $1"; bad=$((bad + 1)); fi; }
psql -qtAX $through -d postgres -c 'drop database if exists bench_t' -c 'create database bench_t' 2>/dev/null
count 'initialise' "$BIN/pgbench" -q -i -s 1 $through bench_t
for mode in simple extended prepared; do count "$mode" "$BIN/pgbench" -M $mode -c 8 -j 2 -t 100 $through bench_t; done
count 'pipeline' "$BIN/pgbench" -M extended -c 4 -t 50 -f <(printf '\\startpipeline\nselect 1;\nselect 2;\n\\endpipeline\n') $through bench_t
count 'new connections' "$BIN/pgbench" -C -S -c 4 -t 50 $through bench_t
echo "$ok passed, $bad failed"
