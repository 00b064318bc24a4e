/** A path as the strictest reader of it would see it, and what it asks for. */
export interface Target {
  path: string;
  query: Record<string, string[]>;
  /** why it could be read in another way by somebody else; empty when it can't */
  unparsed: string;
}

/**
 * Reads a request target (RFC 9112 section 3.2). Servers differ in what they make of `%2f`, `//`, `..`, `;x=1` and backslashes, so the path is
 * given as the one that goes furthest sees it: decoded once, separators in any form, dot segments gone (RFC 3986 section 5.2.4). What decodes again
 * to something else, is no UTF-8 or holds control characters is `unparsed`.
 */
export function readTarget(target: string): Target {
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = readPairs(mark < 0 ? '' : target.slice(mark + 1));
  const decoded = decode(raw);
  if (decoded === undefined) return { path: raw, query: query.pairs, unparsed: 'the path has an escape that is none' };
  let unparsed = query.broken ? 'the query has an escape that is none' : '';
  if (CONTROL.test(decoded)) unparsed = 'the path has a control character';
  else if (ESCAPE.test(decoded)) unparsed = 'the path is encoded twice';
  return { path: normalise(decoded), query: query.pairs, unparsed };
}

const ESCAPE = /%[0-9a-fA-F]{2}/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** Percent escapes undone once, as UTF-8; undefined when they are none. */
function decode(text: string): string | undefined {
  // Envoy gives the bytes of the request line, one character each.
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  if (utf8.includes('\ufffd')) return undefined;
  if (!utf8.includes('%')) return utf8;
  try {
    return decodeURIComponent(utf8);
  } catch {
    return undefined;
  }
}

function normalise(path: string): string {
  const out: string[] = [];
  const segments = path.replaceAll('\\', '/').split('/');
  for (const segment of segments) {
    // Matrix parameters are no part of the name that servers look for.
    const semicolon = segment.indexOf(';');
    const name = semicolon < 0 ? segment : segment.slice(0, semicolon);
    if (name === '..') out.pop();
    else if (name !== '' && name !== '.') out.push(name);
  }
  const last = segments[segments.length - 1]!;
  const slash = out.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : '';
  return `/${out.join('/')}${slash}`;
}

/** Names and values of a query or a form (WHATWG URL, application/x-www-form-urlencoded). */
export function readPairs(text: string): { pairs: Record<string, string[]>; broken: boolean } {
  const pairs = Object.create(null) as Record<string, string[]>;
  let broken = false;
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const sign = pair.indexOf('=');
    const [name, value] = [sign < 0 ? pair : pair.slice(0, sign), sign < 0 ? '' : pair.slice(sign + 1)].map((part) => {
      const plain = part.replaceAll('+', ' ');
      const decoded = decode(plain);
      if (decoded === undefined) broken = true;
      return decoded ?? plain;
    }) as [string, string];
    pairs[name] ??= [];
    pairs[name].push(value);
  }
  return { pairs, broken };
}
