import { readFileSync } from 'node:fs';
import { MidstreamError } from '../../filters/errors.js';

/** Milliseconds for which a token that was read is taken as it is: the kubelet writes a new one long before the old one ends. */
const READ_AGAIN_MS = 5000;

/** The authorization header for the token of a file, which may change. Throws MidstreamError unavailable where there is none. */
export function bearerFrom(file: string, now: () => number = Date.now): () => string {
  let header = '';
  let until_ms = 0;
  return () => {
    if (header !== '' && now() < until_ms) return header;
    let token = '';
    try {
      token = readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new MidstreamError(
        'unavailable',
        `the token for the Kubernetes API can't be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`,
      );
    }
    header = bearer(token);
    until_ms = now() + READ_AGAIN_MS;
    return header;
  };
}

/** Throws MidstreamError unavailable for what can't stand in a header. */
export function bearer(token: string): string {
  if (!/^[\x21-\x7e]{1,65536}$/.test(token))
    throw new MidstreamError('unavailable', 'the token for the Kubernetes API is none: it is empty, or has blanks');
  return `Bearer ${token}`;
}
