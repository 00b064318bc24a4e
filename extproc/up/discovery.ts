import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress } from '../../envoy/address.js';

/** Where commands on this machine find what runs, as `midstream up` leaves it. */
export interface Discovery {
  directory: string;
  tokenFile: string;
  /** process that commands find in the usual place, where that is another one: this one must be named by its address */
  other: number | undefined;
}

/**
 * Lets `midstream approvals` on this machine find the API by api.json; only its owner may read it. Where another process that runs has
 * left its own, that stays, and ours is in a folder beside it.
 */
export function writeDiscovery(usual: string, api: string, token: string): Discovery {
  const other = runningOwner(join(usual, 'api.json'));
  const directory = other === undefined ? usual : join(usual, `up-${process.pid}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const tokenFile = join(directory, 'operator.token');
  writeOwn(tokenFile, `${token}\n`);
  writeOwn(join(directory, 'api.json'), `${JSON.stringify({ url: api, token_file: tokenFile, pid: process.pid })}\n`);
  return { directory, tokenFile, other };
}

/** Takes away what was left beside another's; in the usual place it stays for the next one. */
export function removeDiscovery({ directory, other }: Discovery): void {
  if (other !== undefined) rmSync(directory, { recursive: true, force: true });
}

function runningOwner(file: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown };
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch {
    // not there, no such file of ours, or its process has ended
    return undefined;
  }
}

/** A new file, so that no older one's rights and no link of somebody else's count. */
function writeOwn(file: string, text: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}

/** An address that listens on all is reached on this machine's own. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/** What a client on this machine asks at. */
export const reachableUrl = ({ host, port }: { host: string; port: number }): string => `http://${formatAddress(reachable(host), port)}`;
