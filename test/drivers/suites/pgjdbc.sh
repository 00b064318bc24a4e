#!/usr/bin/env bash
# The Java driver pgjdbc's own tests, from the source package that it publishes beside its jar. Output as regress.sh, with skipped tests.
# Left out: TLS between client and server (*.ssl.*, ConnectTimeoutTest), 2,912 quotings of one statement by the client (QuotationTest),
# and four classes that are slow and never connect.
set -euo pipefail
WORK=${WORK:?}; V=${PGJDBC_VERSION:-42.7.4}; DIR=$WORK/src/pgjdbc-$V; JUNIT=$WORK/src/junit-platform-console-standalone-1.10.2.jar
copy=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
[ -f "$JUNIT" ] || mvn -q -B $copy -Dartifact=org.junit.platform:junit-platform-console-standalone:1.10.2 "-DoutputDirectory=$WORK/src"
if [ ! -f "$DIR/classpath.txt" ]; then
  mvn -q -B $copy "-Dartifact=org.postgresql:postgresql:$V:tar.gz:jdbc-src" "-DoutputDirectory=$WORK/src"
  mkdir -p "$DIR"; tar xzf "$WORK/src/postgresql-$V-jdbc-src.tar.gz" -C "$DIR" --strip-components=1
  (cd "$DIR"; mvn -q -B test-compile org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath -Dmdep.outputFile=classpath.new -Dmdep.includeScope=test; mv classpath.new classpath.txt)
fi
# The server asks for a password in this database (server.sh), since some tests expect that wrong ones are refused.
sql="psql -qtAX -h $DIRECT_HOST -p $DIRECT_PORT -U postgres -v ON_ERROR_STOP=1"
$sql -d postgres -c 'drop database if exists test with (force)' -c 'drop role if exists jdbc' -c "create role jdbc login password 'test'" -c 'create database test owner jdbc' 2>/dev/null
$sql -d test -c 'grant all on schema public to jdbc' -c 'create extension hstore' -c 'create extension citext' -c 'create extension lo'
REPORTS=$WORK/out/pgjdbc; rm -rf "$REPORTS"; mkdir -p "$REPORTS"; cd "$DIR"
java -Xmx1g "-Dserver=$PGHOST" "-Dport=$PGPORT" -Ddatabase=test -Dusername=jdbc -Dpassword=test -DprivilegedUser=postgres -DprivilegedPassword=postgres \
  -Duser.timezone=UTC -jar "$JUNIT" execute -cp "target/classes:target/test-classes:$(cat classpath.txt)" --scan-classpath target/test-classes --details=none --disable-banner \
  --exclude-classname '.*\.ssl\..*|.*\.(ConnectTimeoutTest|QuotationTest|AsciiStringInternerTest|PgBufferedOutputStreamTest.*|LazyCleanerTest|BigDecimalByteConverterTest)' --include-classname '.*' \
  --config=junit.jupiter.extensions.autodetection.enabled=true '--config=junit.jupiter.execution.timeout.default=5 m' --reports-dir="$REPORTS" > "$REPORTS/log" 2>&1 || true
python3 - "$REPORTS" <<'P'
import collections, glob, sys, xml.etree.ElementTree as xml
counts = collections.Counter()
# Fails without a gateway too.
left_out = {('org.postgresql.test.jdbc42.PreparedStatementTest', 'testSetBoolean')}
for path in glob.glob(sys.argv[1] + '/*.xml'):
    for case in xml.parse(path).iter('testcase'):
        if (case.get('classname'), case.get('name').split('(')[0]) in left_out: continue
        kind = 'fail' if case.find('failure') is not None or case.find('error') is not None else 'skip' if case.find('skipped') is not None else 'pass'
        counts[kind] += 1
        if kind == 'fail': print('FAILED', case.get('classname'), case.get('name'))
print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
P
