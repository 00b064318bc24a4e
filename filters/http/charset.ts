/** The texts that a body can be, or why it is none. One that depends on the charset is several. */
export interface Texts {
  texts: string[];
  broken: string;
}

/** In these, bytes below 128 are ASCII and nothing else is: no other character can look like a quote or a brace. */
const ONE_BYTE = /^(iso[-_]?8859-\d{1,2}|latin-?[1-9]|l[1-9]|windows-125\d|cp125\d)$/;
const UTF8 = new Set(['', 'utf-8', 'utf8', 'us-ascii', 'ascii']);

/**
 * Bytes as text. Readers take UTF-16, UTF-7 and EBCDIC by their charset or by their look, and see then something else than ASCII readers do:
 * such bodies are broken. The reasons hold nothing of the body.
 */
export function readText(bytes: Buffer, charset: string): Texts {
  const name = charset.trim().toLowerCase();
  if (bytes.includes(0)) return { texts: [], broken: 'the body holds NUL bytes, as UTF-16 does' };
  const head = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
  if (head === 0xfeff || head === 0xfffe) return { texts: [], broken: 'the body is UTF-16' };
  const marked = bytes.length > 2 && head === 0xefbb && bytes[2] === 0xbf;
  const plain = marked ? bytes.subarray(3) : bytes;
  const utf8 = decodeUtf8(plain);
  if (UTF8.has(name)) return utf8 === undefined ? { texts: [], broken: 'the body is not UTF-8' } : { texts: [utf8], broken: '' };
  if (!ONE_BYTE.test(name)) return { texts: [], broken: 'its charset is not read' };
  const own = decodeAs(plain, name);
  if (own === undefined) return { texts: [], broken: 'its charset is not read' };
  return { texts: utf8 === undefined || utf8 === own ? [own] : [own, utf8], broken: '' };
}

/** undefined for what is not UTF-8: overlong forms, surrogates and lone bytes are none (RFC 3629 section 3). */
export function decodeUtf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes) ? undefined : text;
}

function decodeAs(bytes: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset.replace(/^iso_?8859/, 'iso-8859')).decode(bytes);
  } catch {
    return undefined;
  }
}
