const CRC = buildCrcTable();

function buildCrcTable(): Int32Array {
  const table = new Int32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    table[n] = c;
  }
  return table;
}

/** CRC-32 (ISO-HDLC) of buf[start, end). */
export function crc32(buf: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let k = start; k < end; k++) crc = (crc >>> 8) ^ CRC[(crc ^ buf[k]!) & 0xff]!;
  return (crc ^ -1) >>> 0;
}

const CHECK_LENGTH = 6;

/**
 * GitHub's tokens end with six characters of base 62 that are the CRC32 of the characters before them
 * (github.blog, "Behind GitHub's new authentication token formats"). True when they agree.
 */
export function githubChecksum(buf: Uint8Array, start: number, end: number): boolean {
  const check = end - CHECK_LENGTH;
  const expected = crc32(buf, start, check);
  let actual = 0;
  for (let k = check; k < end; k++) actual = actual * 62 + base62(buf[k]!);
  return actual === expected;
}

function base62(b: number): number {
  if (b >= 0x30 && b <= 0x39) return b - 0x30;
  if (b >= 0x41 && b <= 0x5a) return b - 0x41 + 10;
  return b - 0x61 + 36;
}
