import { isJson } from './body.js';

/** Bytes of a body that are looked at before it is decided how it is read. */
export const LOOK_BYTES = 64;

/** What begins so is packed, whatever its type says: nobody can look into it. Bytes in latin1. */
const PACKED: readonly (readonly [start: string, name: string])[] = [
  ['\x1f\x8b\x08', 'gzip'],
  ['\x1f\x9d', 'compress'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['PK\x03\x04', 'zip'],
  ['PK\x05\x06', 'zip'],
  ['\xfd7zXZ\0', 'xz'],
  ['7z\xbc\xaf\x27\x1c', '7z'],
  ['Rar!\x1a\x07', 'rar'],
  ['\x04\x22\x4d\x18', 'lz4'],
  ['\x78\x01', 'zlib'],
  ['\x78\x9c', 'zlib'],
  ['\x78\xda', 'zlib'],
];
/** The level of zlib whose two bytes are text too (`x^2`): what follows them is none. */
const ZLIB = /^x\^[^\t\n\r\x20-\x7e]/;
const BZIP2 = /^BZh[1-9](1AY&SY|.rE8P.)/s;

/** What a body is packed with that does not say so; empty where it is not. */
export function packedAs(head: Buffer): string {
  const text = head.toString('latin1', 0, 16);
  for (const [start, name] of PACKED) if (text.startsWith(start)) return name;
  if (ZLIB.test(text)) return 'zlib';
  return BZIP2.test(text) ? 'bzip2' : '';
}

/** Types whose bytes are no text: values that stand in them in plain are found, others are not. */
export const isMedia = (type: string): boolean =>
  /^(image|audio|video|font|model)\//.test(type)
    ? !type.endsWith('+xml')
    : /^application\/(pdf|wasm|x-protobuf|protobuf|msword|vnd\.(ms-|openxml).*)$/.test(type);

/** Types with a codec of their own that is not left for what their bytes look like. */
const OWN = new Set(['text/event-stream', 'text/csv', 'text/tab-separated-values', 'application/x-www-form-urlencoded']);

/**
 * The media type by which a body is read. A reader may take it for what it looks like: JSON served as text, as HTML or as an image is read
 * as JSON, and from where it is none it is text again.
 */
export function lookedType(type: string, head: Buffer): string {
  if (OWN.has(type) || type.startsWith('multipart/') || isJson(type)) return type;
  const text = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (text.startsWith('{') || text.startsWith('[')) return 'application/json';
  if (/^<\?xml[\s?]/i.test(text)) return type.endsWith('xml') || type === 'text/html' ? type : 'application/xml';
  if (/^<(!doctype\s+html|html[\s>])/i.test(text)) return type.endsWith('xml') ? type : 'text/html';
  if (/^(data|event|id|retry):/.test(text) && !type.startsWith('text/html')) return 'text/event-stream';
  return type;
}

/** UTF-32 by its mark, or by two characters of ASCII with three NULs each. */
export function isUtf32(head: Buffer): boolean {
  if (head.length < 4) return false;
  const first = head.readUInt32BE(0);
  if (first === 0x0000feff || first === 0xfffe0000) return true;
  if (head.length < 8) return false;
  const second = head.readUInt32BE(4);
  const little = (unit: number): boolean => (unit & 0xffffff) === 0 && unit >>> 24 >= 9 && unit >>> 24 < 0x7f;
  const big = (unit: number): boolean => unit >= 9 && unit < 0x7f;
  return (little(first) && little(second)) || (big(first) && big(second));
}

/** UTF-16 by its bytes: a mark, or every other one of the first characters is NUL. */
export function utf16Of(head: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (head.length < 2) return undefined;
  const mark = head.readUInt16BE(0);
  if (mark === 0xfeff) return 'utf-16be';
  if (mark === 0xfffe) return 'utf-16le';
  // Without a NUL there is no letter of ASCII in it.
  if (!head.includes(0)) return undefined;
  const units = Math.min(4, head.length >> 1);
  const ascii = (at: number): boolean => {
    for (let k = 0; k < units; k++) {
      const low = head[2 * k + at]!;
      if (head[2 * k + 1 - at] !== 0 || !(low >= 0x20 ? low < 0x7f : low === 9 || low === 10 || low === 13)) return false;
    }
    return true;
  };
  if (units < 2) return undefined;
  return ascii(0) ? 'utf-16le' : ascii(1) ? 'utf-16be' : mostly(head, 0) ? 'utf-16le' : mostly(head, 1) ? 'utf-16be' : undefined;
}

/** Text that begins with other letters: half of its characters are ASCII, each with a NUL where it belongs and none elsewhere. */
function mostly(head: Buffer, at: number): boolean {
  const units = head.length >> 1;
  let plain = 0;
  for (let k = 0; k < units; k++) {
    const low = head[2 * k + at]!;
    const high = head[2 * k + 1 - at]!;
    if (low === 0) return false;
    if (high === 0 && (low < 0x20 ? low === 9 || low === 10 || low === 13 : low < 0x7f)) plain++;
  }
  return plain >= UTF16_PLAIN_MIN && 2 * plain >= units;
}

const UTF16_PLAIN_MIN = 8;
