import { crc32, githubChecksum } from './github-checksum.js';
import type { Form } from './vendors/form.js';

/** True when the checksum inside a token agrees with the rest of it: `start` of the prefix, `body` behind it, `end` exclusive. */
export function checksumHolds(form: NonNullable<Form['checksum']>, buf: Uint8Array, start: number, body: number, end: number): boolean {
  if (form === 'github') return githubChecksum(buf, body, end);
  return form === 'grafana' ? grafanaChecksum(buf, start, end) : gitlabChecksum(buf, start, end);
}

/**
 * `glsa_<secret>_<8 hex>`: CRC32 over what stands before the last underscore, its bytes lowest first
 * (grafana.com/blog, "New service account tokens": satokengen).
 */
function grafanaChecksum(buf: Uint8Array, start: number, end: number): boolean {
  const check = end - 8;
  if (buf[check - 1] !== 0x5f) return false;
  let expected = crc32(buf, start, check - 1);
  for (let k = check; k < end; k += 2, expected >>>= 8) {
    if ((hex(buf[k]!) << 4) + hex(buf[k + 1]!) !== (expected & 0xff)) return false;
  }
  return true;
}

function hex(b: number): number {
  return b <= 0x39 ? b - 0x30 : (b | 0x20) - 0x57;
}

/**
 * Routable tokens end in seven characters of base 36 that are the CRC32 of all before them
 * (handbook.gitlab.com, design documents, Cells, "Routable tokens"). Older ones have no dot and no checksum: those hold.
 */
function gitlabChecksum(buf: Uint8Array, start: number, end: number): boolean {
  const check = end - 7;
  if (buf[check - 3] !== 0x2e) return true;
  let actual = 0;
  for (let k = check; k < end; k++) actual = actual * 36 + (buf[k]! <= 0x39 ? buf[k]! - 0x30 : (buf[k]! | 0x20) - 0x57);
  return actual === crc32(buf, start, check);
}
