#!/usr/bin/env bash
# Fetches PostgreSQL 15's own source package and builds what its suites need, once: $WORK/src. Debian's archive, the version that is installed.
set -euo pipefail
WORK=${WORK:?}; BIN=${PGBIN:-/usr/lib/postgresql/15/bin}
DEB=$(dpkg-query -W -f '${Version}' postgresql-15); VERSION=${DEB%%-*}
mkdir -p "$WORK/src" "$WORK/apt/lists/partial"; cd "$WORK/src"; chmod 755 "$WORK" "$WORK/src"
if [ ! -d "postgresql-$VERSION" ]; then
  printf 'Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' > "$WORK/apt/src.sources"
  apt=(apt-get -o "Dir::Etc::sourcelist=$WORK/apt/src.sources" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$WORK/apt/lists")
  "${apt[@]}" update -qq; "${apt[@]}" source -qq --download-only "postgresql-15=$DEB"
  tar xjf "postgresql-15_$VERSION.orig.tar.bz2"
fi
[ -d dev ] || { apt-get download -qq "postgresql-server-dev-15=$DEB"; mkdir dev; dpkg -x postgresql-server-dev-15_*.deb dev; }
mkdir -p lib
[ -f lib/regress.so ] || gcc -O1 -fPIC -shared -I dev/usr/include/postgresql/15/server -I /usr/include/postgresql -D_GNU_SOURCE "postgresql-$VERSION/src/test/regress/regress.c" -o lib/regress.so
cp -n "$BIN/../lib/autoinc.so" "$BIN/../lib/refint.so" lib/ 2>/dev/null || true
[ -x lib/libpq_pipeline ] || gcc -O1 -I dev/usr/include/postgresql/15/server -I /usr/include/postgresql -I "postgresql-$VERSION/src/interfaces/libpq" \
  "postgresql-$VERSION/src/test/modules/libpq_pipeline/libpq_pipeline.c" -o lib/libpq_pipeline -L dev/usr/lib/postgresql/15/lib -lpq -lpgcommon -lpgport
echo "$VERSION"
