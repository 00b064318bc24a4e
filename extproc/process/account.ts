import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { MidstreamError } from '../../filters/errors.js';

/** An account of this machine that a child may run under. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Accounts without rights of their own, the least entitled first; `postgres` last, since it may own a real database here. */
const candidates = ['nobody', 'daemon', 'bin', 'postgres'];

/** PostgreSQL refuses to run as root: then another account is needed. Undefined where this process is no root. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of candidates) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && uid > 0 && gid !== undefined) return { name, uid, gid };
  }
  throw new MidstreamError('unavailable', `PostgreSQL does not run as root, and none of the accounts ${candidates.join(', ')} exists`, {
    hint: 'Run as a normal user, or give the address of a database in DATABASE_URL.',
  });
}

/** The folders for temporary files, the usual one first. */
export const temporaryFolders = (): string[] => [...new Set([tmpdir(), '/var/tmp', '/tmp'])];

/** The first of them that the account may enter: root's own may be closed to all others. The usual one where none is. */
export function temporaryFolderOf(account: Account | undefined): string {
  if (account === undefined) return tmpdir();
  const enters = (folder: string) =>
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', stdio: 'ignore', uid: account.uid, gid: account.gid }).status === 0;
  return temporaryFolders().find(enters) ?? tmpdir();
}

function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
  return status === 0 && /^\d+\s*$/.test(stdout) ? Number(stdout) : undefined;
}
