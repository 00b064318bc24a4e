#!/usr/bin/env bash
# PostgreSQL's own isolation tests: many sessions, locks, NOTIFY, cancels; they need the backends' real process ids. Output as regress.sh.
set -euo pipefail
WORK=${WORK:?}; BIN=${PGBIN:-/usr/lib/postgresql/15/bin}; VERSION=$(bash "$(dirname "$0")/source.sh" | tail -1)
SRC=$WORK/src/postgresql-$VERSION/src/test/isolation; OUT=$WORK/out/isolation; TOOLS=$BIN/../lib/pgxs/src/test/isolation; export PGSSLMODE=disable
rm -rf "$OUT"; mkdir -p "$OUT"; [ "$(id -u)" = 0 ] && chown postgres "$OUT"; chmod 755 "$WORK/out"; cd "$OUT"; ln -sf "$TOOLS/isolationtester" isolationtester
run=("$TOOLS/pg_isolation_regress" --inputdir="$SRC" --outputdir="$OUT" --bindir="$BIN" --host="$PGHOST" --port="$PGPORT" --user=postgres --dbname=isolation_regression --schedule="$SRC/isolation_schedule")
if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "${run[@]}" > log 2>&1 || true; else "${run[@]}" > log 2>&1 || true; fi
ok=$(grep -cE '\.\.\. ok' log || true); bad=$(grep -cE '\.\.\. FAILED' log || true)
grep -E 'FAILED' log || true
[ $((ok + bad)) -gt 0 ] || { echo "FAILED before the first test: $(tail -n 5 log | tr '\n' ' ')"; bad=1; }
echo "$ok passed, $bad failed"
