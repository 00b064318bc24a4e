import { lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { MidstreamError } from '../../filters/errors.js';

/**
 * A process that was killed leaves its Unix socket behind, and nobody can listen there again. Removes what nobody answers on.
 * @throws MidstreamError unavailable when somebody listens, or something else than a socket is there
 */
export async function removeStaleSocket(address: string): Promise<void> {
  if (!address.startsWith('unix:')) return;
  const path = address.slice('unix:'.length);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new MidstreamError('unavailable', `cannot listen on ${address}: something that is no socket is there`);
  if (await answers(path))
    throw new MidstreamError('unavailable', `cannot listen on ${address}: another process does`, {
      hint: 'stop it, or choose another path',
    });
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Refused means that nobody is there; anything else (no permission, a full queue) that somebody may be.
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}
