import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { executable } from '../../extproc/process/places.js';

/** Folder of PostgreSQL 15's own programs, Debian's place unless PGBIN names another. */
export const pgbin = (): string => process.env['PGBIN'] ?? '/usr/lib/postgresql/15/bin';

const onPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && executable(join(folder, name)));

/** Why a tool can't be used, or undefined when it can. Some are fetched into the work folder on first use. */
export type Need = (work: string) => string | undefined;

const program =
  (name: string, packageName = name): Need =>
  () =>
    onPath(name) ? undefined : `${name} is missing (Debian: ${packageName})`;

const server15: Need = () =>
  executable(join(pgbin(), 'postgres')) && executable(join(pgbin(), 'initdb'))
    ? undefined
    : `PostgreSQL 15's server programs are not in ${pgbin()} (Debian: postgresql-15; or set PGBIN)`;

/** The suites that PostgreSQL ships are built from the source package of the very version that is installed. */
const source: Need = (work) => {
  if (spawnSync('dpkg-query', ['-W', 'postgresql-15'], { stdio: 'ignore' }).status !== 0)
    return 'Debian has no package postgresql-15 installed, whose sources hold this suite';
  const built = existsSync(join(work, 'src', 'lib', 'regress.so')) && executable(join(work, 'src', 'lib', 'libpq_pipeline'));
  if (built) return undefined;
  for (const name of ['apt-get', 'gcc', 'tar', 'bzip2'])
    if (!onPath(name)) return `${name} is missing, which fetches and builds PostgreSQL's sources`;
  return undefined;
};

const pgRegress: Need = () => {
  const path = join(pgbin(), '..', 'lib', 'pgxs', 'src', 'test', 'regress', 'pg_regress');
  return executable(path) ? undefined : `pg_regress is not at ${path}`;
};

/** psycopg in a virtual environment of the work folder. */
const psycopg: Need = (work) => {
  const venv = join(work, 'venv');
  const python = join(venv, 'bin', 'python');
  const has = () => existsSync(python) && spawnSync(python, ['-c', 'import psycopg'], { stdio: 'ignore' }).status === 0;
  if (has()) return undefined;
  if (!onPath('python3')) return 'python3 is missing';
  const made = spawnSync('python3', ['-m', 'venv', venv], { stdio: 'ignore' }).status === 0;
  if (!made) return 'python3 can make no virtual environment (Debian: python3-venv)';
  spawnSync(python, ['-m', 'pip', 'install', '-q', 'psycopg[binary]'], { stdio: 'ignore', timeout: 300_000 });
  return has() ? undefined : 'psycopg could not be installed by pip';
};

const psycopgPool: Need = (work) => {
  const missing = psycopg(work);
  if (missing !== undefined) return missing;
  const python = join(work, 'venv', 'bin', 'python');
  const has = () => spawnSync(python, ['-c', 'import psycopg_pool'], { stdio: 'ignore' }).status === 0;
  if (!has()) spawnSync(python, ['-m', 'pip', 'install', '-q', 'psycopg-pool'], { stdio: 'ignore', timeout: 300_000 });
  return has() ? undefined : 'psycopg-pool could not be installed by pip';
};

/** psycopg's own wheels bring a libpq that is newer than Debian's: sslnegotiation=direct came with 17. */
const libpq17: Need = (work) => {
  const missing = psycopg(work);
  if (missing !== undefined) return missing;
  const asked = ['-c', 'import psycopg, sys; sys.exit(psycopg.pq.version() < 170000)'];
  return spawnSync(join(work, 'venv', 'bin', 'python'), asked).status === 0 ? undefined : 'psycopg brings a libpq that is older than 17';
};

/** The own tests of a Python driver: the driver in the same virtual environment, the tests from its source package on PyPI. */
const ownPython =
  (name: string, wanted: readonly string[], source: string): Need =>
  (work) => {
    const missing = psycopg(work);
    if (missing !== undefined) return missing;
    const folder = join(work, 'src', name);
    if (existsSync(join(folder, 'tests'))) return undefined;
    const python = join(work, 'venv', 'bin', 'python');
    const download = join(work, 'src', `${name}-download`);
    mkdirSync(download, { recursive: true });
    // pip asks a source package about itself, and psycopg2's answers only where pg_config is.
    const env = { ...process.env, PATH: `${pgbin()}${delimiter}${process.env['PATH'] ?? ''}` };
    const pip = (...args: string[]) => spawnSync(python, ['-m', 'pip', ...args], { stdio: 'ignore', timeout: 300_000, env }).status === 0;
    if (!pip('install', '-q', ...wanted)) return `${wanted.join(' and ')} could not be installed by pip`;
    // Of this package alone the source: with :all: pip would compile its build tools (Cython) too, for many minutes.
    if (!pip('download', '-q', '--no-deps', '--no-binary', source.split('==')[0]!, '-d', download, source))
      return `the source of ${source} could not be fetched by pip`;
    const archive = readdirSync(download).find((file) => file.endsWith('.tar.gz'));
    const unpack = (...args: string[]) =>
      spawnSync('tar', ['-xzf', join(download, archive ?? ''), '-C', ...args], { stdio: 'ignore' }).status === 0;
    mkdirSync(folder, { recursive: true });
    // Only the tests: beside the driver's sources they would take those for the installed driver.
    return unpack(folder, '--strip-components=1', '--wildcards', '*/tests') ? undefined : `the source of ${source} holds no tests`;
  };

export const JDBC = 'org.postgresql:postgresql:42.7.4';

/** pgjdbc's jar, in the work folder; undefined when it is not there. */
export function jdbcJar(work: string): string | undefined {
  const folder = join(work, 'jdbc');
  if (!existsSync(folder)) return undefined;
  const jar = readdirSync(folder).find((name) => /^postgresql-.*\.jar$/.test(name));
  return jar === undefined ? undefined : join(folder, jar);
}

const jdbc: Need = (work) => {
  if (!onPath('java')) return 'java is missing (Debian: default-jdk-headless)';
  if (jdbcJar(work) !== undefined) return undefined;
  if (!onPath('mvn')) return `${JDBC} is not in ${join(work, 'jdbc')}, and mvn is missing, which fetches it`;
  mkdirSync(join(work, 'jdbc'), { recursive: true });
  spawnSync('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${JDBC}`, `-DoutputDirectory=${join(work, 'jdbc')}`], {
    stdio: 'ignore',
    timeout: 300_000,
  });
  return jdbcJar(work) === undefined ? `${JDBC} could not be fetched by mvn` : undefined;
};

const sqlsmith: Need = (work) => {
  if (onPath('sqlsmith') || existsSync(join(work, 'src', 'sqlsmith', 'usr', 'bin', 'sqlsmith'))) return undefined;
  return onPath('apt-get') && onPath('dpkg') ? undefined : 'sqlsmith is missing (Debian: sqlsmith)';
};

export const needs = {
  psql: program('psql', 'postgresql-client'),
  bash: program('bash'),
  pgbench: program('pgbench', 'postgresql-contrib'),
  go: program('go', 'golang'),
  python: program('python3'),
  server15,
  source,
  pgRegress,
  psycopg,
  psycopgPool,
  libpq17,
  asyncpg: ownPython('asyncpg', ['asyncpg==0.30.0', 'distro'], 'asyncpg==0.30.0'),
  psycopg2: ownPython('psycopg2', ['psycopg2-binary==2.9.10'], 'psycopg2==2.9.10'),
  jdbc,
  java: program('java', 'default-jdk-headless'),
  mvn: program('mvn', 'maven'),
  npm: program('npm'),
  sqlsmith,
} as const;
