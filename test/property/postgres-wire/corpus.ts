import { readFileSync } from 'node:fs';

/**
 * Kept bodies of one decoder: what the fuzzer starts from, and what it once found.
 * One body a line in hex, `-` for an empty one; `#` begins a comment.
 */
export function corpus(side: string, name: string): Buffer[] {
  const file = new URL(`./corpus/${side}-${name}.hex`, import.meta.url);
  const bodies = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((hex) => hex !== '');
  return bodies.map((hex) => {
    if (hex !== '-' && !/^(?:[0-9a-f]{2})+$/.test(hex)) throw new Error(`${side}-${name}.hex: ${hex} is not hex`);
    return hex === '-' ? Buffer.alloc(0) : Buffer.from(hex, 'hex');
  });
}
