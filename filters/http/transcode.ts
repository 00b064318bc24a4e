import { MidstreamError } from '../errors.js';

/** In these, bytes below 128 are ASCII and nothing else is: they are masked as they are. Names of the WHATWG Encoding Standard. */
const ONE_BYTE = /^(utf-8|iso-8859-\d+(-i)?|windows-\d+|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic|x-user-defined)$/;

/**
 * How a charset is read: `as it is`, `utf-16…` (and written so again), or another that leaves as UTF-8. Throws MidstreamError bad_input for one
 * that nobody here reads.
 */
export function charsetOf(name: string): string {
  const label = name.trim().toLowerCase();
  if (label === '' || label === 'ascii') return AS_IT_IS;
  let encoding: string;
  try {
    encoding = new TextDecoder(label).encoding;
  } catch {
    throw new MidstreamError('bad_input', `its charset is not read (${/^[\w.:-]{1,40}$/.test(label) ? label : 'unknown'})`);
  }
  return ONE_BYTE.test(encoding) ? AS_IT_IS : encoding;
}

export const AS_IT_IS = 'as it is';

export const isUtf16 = (charset: string): boolean => charset === 'utf-16le' || charset === 'utf-16be';

/** Bytes of a charset to UTF-8, however they are cut. */
export class ToUtf8 {
  private readonly decoder: InstanceType<typeof TextDecoder>;

  constructor(private readonly charset: string) {
    this.decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: true });
  }

  /** Throws MidstreamError bad_input for bytes that are none of the charset. */
  push(chunk: Uint8Array, end: boolean): Buffer {
    try {
      return Buffer.from(this.decoder.decode(chunk, { stream: !end }), 'utf8');
    } catch (cause) {
      throw new MidstreamError('bad_input', `its bytes are not ${this.charset}`, { cause });
    }
  }
}

/** The other way, for UTF-16. */
export class ToUtf16 {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly charset: string) {}

  push(chunk: Buffer): Buffer {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const end = wholeCharacters(bytes);
    this.rest = Buffer.from(bytes.subarray(end));
    const out = Buffer.from(bytes.toString('utf8', 0, end), 'utf16le');
    return this.charset === 'utf-16be' ? out.swap16() : out;
  }
}

/** How far UTF-8 holds whole characters. */
function wholeCharacters(bytes: Buffer): number {
  for (let k = 1; k <= 3 && k <= bytes.length; k++) {
    const b = bytes[bytes.length - k]!;
    if ((b & 0xc0) === 0x80) continue;
    const length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
    return length > k ? bytes.length - k : bytes.length;
  }
  return bytes.length;
}

/**
 * The one charset of a Content-Type, as charsetOf() gives it. Throws MidstreamError bad_input for one that nobody reads, and for several that
 * are read in different ways.
 */
export function charsetOfType(contentType: string): { name: string; charset: string } {
  return NAMES_CHARSET.test(contentType) ? charsetNamed(contentType) : NO_CHARSET;
}

const NAMES_CHARSET = /charset/i;
const NO_CHARSET = { name: '', charset: AS_IT_IS };

function charsetNamed(contentType: string): { name: string; charset: string } {
  const names = [...contentType.matchAll(/;\s*charset\s*=\s*"?([^";,\s]*)/gi)].map((found) => found[1]!.toLowerCase());
  const all = new Set(names.map(charsetOf));
  if (all.size > 1) throw new MidstreamError('bad_input', 'it names two charsets');
  return { name: names[0] ?? '', charset: [...all][0] ?? AS_IT_IS };
}
