import { readFileSync } from 'node:fs';

/** The package's version; the same file serves a checkout and an installed package. */
export function packageVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // Compiled code lies one folder deeper than the sources.
    }
  }
  return 'unknown';
}
