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
  jdbc,
  sqlsmith,
} as const;
