import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress } from '../../envoy/address.js';

/** Lets `midstream approvals` on this machine find the API by api.json; only its owner may read it. Gives the token's file. */
export function writeDiscovery(directory: string, api: string, token: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const tokenFile = join(directory, 'operator.token');
  writeOwn(tokenFile, `${token}\n`);
  writeOwn(join(directory, 'api.json'), `${JSON.stringify({ url: api, token_file: tokenFile })}\n`);
  return tokenFile;
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
