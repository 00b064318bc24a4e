#!/usr/bin/env bash
# PostgreSQL's own regression tests: psql's output compared byte for byte. env: WORK PGHOST PGPORT; prints "N passed, N failed".
set -euo pipefail
WORK=${WORK:?}; BIN=${PGBIN:-/usr/lib/postgresql/15/bin}; VERSION=$(bash "$(dirname "$0")/source.sh" | tail -1)
SRC=$WORK/src/postgresql-$VERSION/src/test/regress; OUT=$WORK/out/regress; export PGSSLMODE=disable
owner=$([ "$(id -u)" = 0 ] && echo postgres || id -un)
rm -rf "$OUT"; mkdir -p "$OUT"; [ "$(id -u)" = 0 ] && chown "$owner" "$OUT"; chmod 755 "$WORK/out"; cd "$OUT"
run=("$BIN/../lib/pgxs/src/test/regress/pg_regress" --inputdir="$SRC" --outputdir="$OUT" --dlpath="$WORK/src/lib" --bindir="$BIN" --host="$PGHOST" --port="$PGPORT"
  --user=postgres --dbname=regression --no-locale --max-connections=20 --schedule="$SRC/parallel_schedule")
if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "${run[@]}" > log 2>&1 || true; else "${run[@]}" > log 2>&1 || true; fi
ok=$(grep -cE '\.\.\. ok' log || true); bad=$(grep -cE '\.\.\. FAILED' log || true)
grep -E 'FAILED' log || true
[ $((ok + bad)) -gt 0 ] || { echo "FAILED before the first test: $(tail -n 5 log | tr '\n' ' ')"; bad=1; }
echo "$ok passed, $bad failed"
