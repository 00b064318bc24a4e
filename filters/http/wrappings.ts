/**
 * A header has no codec of its own: any text may stand in it as JSON, a URL, HTML or base64 have it. Each way is undone, looked into, and written
 * again only where something was found, so that a header without anything of the kind goes on as it was.
 */
type Mask = (text: string) => string;

/** Wrappings in wrappings that are undone. */
const DEPTH_MAX = 3;

/** The text with what `mask` takes of it and of what is wrapped in it; the same text where that is nothing. */
export function maskUnwrapped(text: string, mask: Mask, depth = 0): string {
  let masked = mask(text);
  if (depth === DEPTH_MAX) return masked;
  for (const undo of [jsonEscapes, references, percents]) {
    const plain = undo(masked);
    if (plain === masked) continue;
    const found = maskUnwrapped(plain, mask, depth + 1);
    if (found !== plain) masked = found;
  }
  return maskBase64(masked, mask, depth);
}

const isPlain = (code: number): boolean => code >= 0x20 && code < 0x7f;

/** RFC 8259 section 7. What has a meaning in a string stays an escape. */
function jsonEscapes(text: string): string {
  if (!text.includes('\\u')) return text;
  return text.replace(/\\u([0-9a-f]{4})/gi, (all, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return isPlain(code) && code !== 0x22 && code !== 0x5c ? String.fromCharCode(code) : all;
  });
}

/** Character references of HTML and XML. */
function references(text: string): string {
  if (!text.includes('&')) return text;
  return text
    .replace(/&#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));?/gi, (all, hex: string | undefined, decimal: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return isPlain(code) && !'<>&"\''.includes(String.fromCharCode(code)) ? String.fromCharCode(code) : all;
    })
    .replace(/&commat;/g, '@')
    .replace(/&period;/g, '.');
}

/**
 * Percent escapes of what means the same without them (RFC 3986 section 6.2.2.2), and of blanks, signs in values, what other escapes are written
 * with, and the percent sign itself.
 */
function percents(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%(25(?=[0-9a-f]{2})|2[0-9bd-f]|3[0-9ab]|4[0-9a-f]|5[0-9acf]|6[0-9a-f]|7[0-9a]|7e)/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const BASE64 = /[A-Za-z0-9+/_-]{8,}={0,2}/g;

/** Runs that are text in base64, of either alphabet (RFC 4648); each is one again. */
function maskBase64(text: string, mask: Mask, depth: number): string {
  return text.replace(BASE64, (run) => {
    const bytes = Buffer.from(run, 'base64');
    const plain = bytes.toString('utf8');
    if (!/^[\t\n\r\x20-\x7e\u00a1-\ufffc]+$/.test(plain)) return run;
    const masked = maskUnwrapped(plain, mask, depth + 1);
    if (masked === plain) return run;
    const packed = Buffer.from(masked, 'utf8').toString(/[_-]/.test(run) ? 'base64url' : 'base64');
    return run.endsWith('=') ? packed : packed.replace(/=+$/, '');
  });
}
