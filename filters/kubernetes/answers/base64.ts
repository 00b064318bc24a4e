/** Shorter texts are words, characters. */
const SHORTEST = 16;
const FORM = /^[A-Za-z0-9+/]+={0,2}$/;

/** buf[start, end) may be base64: long enough, and of nothing but its characters. */
export function isBase64(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < SHORTEST || (end - start) % 4 !== 0) return false;
  for (let at = start; at < end - 2; at++) if (CHARACTERS[buf[at]!] === 0) return false;
  return true;
}

const CHARACTERS = new Uint8Array(256);
for (const c of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')) CHARACTERS[c] = 1;

/** What base64 (RFC 4648) says, where that is text; undefined where it is none, or packed. */
export function textInBase64(value: string): Buffer | undefined {
  if (value.length < SHORTEST || value.length % 4 !== 0 || !FORM.test(value)) return undefined;
  const bytes = Buffer.from(value, 'base64');
  for (const b of bytes) if (b < 0x20 && b !== 0x09 && b !== 0x0a && b !== 0x0d) return undefined;
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes) ? bytes : undefined;
}
