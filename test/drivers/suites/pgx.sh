#!/usr/bin/env bash
# The Go driver pgx's own tests, from the module proxy (its zip carries them). Output as regress.sh, with skipped tests.
set -euo pipefail
WORK=${WORK:?}; V=${PGX_VERSION:-v5.12.0}; DIR=$WORK/src/pgx-mod-$V; mkdir -p "$WORK/src" "$WORK/out"
if [ ! -d "$DIR" ]; then
  from=$(cd "$WORK/src" && go mod download -json "github.com/jackc/pgx/v5@$V" | sed -n 's/.*"Dir": "\(.*\)",/\1/p'); cp -r "$from" "$DIR"; chmod -R u+w "$DIR"
fi
sql="psql -qtAX -h $PGHOST -p $PGPORT -U postgres"
if [ "$($sql -d postgres -c "select count(*) from pg_database where datname = 'pgx_test'")" = 0 ]; then
  $sql -d postgres -c 'create database pgx_test'; $sql -d pgx_test -f "$DIR/testsetup/postgresql_setup.sql" >/dev/null 2>&1 || true
fi
cd "$DIR"; export PGX_TEST_DATABASE="host=$PGHOST port=$PGPORT user=postgres database=pgx_test sslmode=disable"; export PGX_TEST_TCP_CONN_STRING=$PGX_TEST_DATABASE
go test -p 1 -count=1 -timeout 30m -json ./... > "$WORK/out/pgx.json" || true
python3 - "$WORK/out/pgx.json" <<'P'
import collections, json, sys
counts = collections.Counter()
for line in open(sys.argv[1]):
    try: event = json.loads(line)
    except ValueError: continue
    if event.get('Test') and event['Action'] in ('pass', 'fail', 'skip'):
        counts[event['Action']] += 1
        if event['Action'] == 'fail': print('FAILED', event['Package'].split('/v5')[-1], event['Test'])
    elif not event.get('Test') and event['Action'] == 'fail': print('FAILED package', event['Package'])
print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
P
