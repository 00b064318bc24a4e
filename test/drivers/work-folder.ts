import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { MidstreamError } from '../../filters/errors.js';

/**
 * Where sources, tools and the server's data are kept, unless --work or MIDSTREAM_DRIVERS_WORK names a place. Each account has its own.
 * It is not under the home directory: root's is closed to the account postgres, as which the server runs there.
 */
export const defaultWorkFolder = (uid = process.getuid?.() ?? 0): string => `/var/tmp/midstream-drivers-${uid}`;

/**
 * Makes the folder, and lets every account enter it. Throws `bad_input` where it belongs to another account: programs are run
 * from it, and /var/tmp is open to all.
 */
export function openWorkFolder(folder: string, uid = process.getuid?.() ?? 0): void {
  const hint = 'Name a folder of your own with --work or MIDSTREAM_DRIVERS_WORK.';
  try {
    mkdirSync(folder, { recursive: true });
    // A link is judged itself too: whoever owns it says where it leads.
    for (const { uid: owner } of [lstatSync(folder), statSync(folder)])
      if (owner !== uid) throw new MidstreamError('bad_input', `${folder} belongs to another account (uid ${owner}, not ${uid})`, { hint });
    chmodSync(folder, 0o755);
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    throw new MidstreamError('bad_input', `${folder} cannot be made: ${(error as Error).message}`, { hint, cause: error });
  }
}
