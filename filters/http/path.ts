/** A path as the reader sees it that goes furthest, and what it asks for. */
export interface Target {
  path: string;
  /** what others make of it, where they differ: most differ on nothing */
  others: string[];
  query: Record<string, string[]>;
  /** the query of those who take a semicolon for what separates pairs */
  other_query: Record<string, string[]> | undefined;
  /** why it could be read in another way by somebody else; empty when it can't */
  unparsed: string;
}

/**
 * Reads a request target (RFC 9112 section 3.2). Servers differ in what they make of `%2f`, `;x=1` and backslashes. `path` is what the one sees
 * that goes furthest: decoded once, separators in any form, dot segments gone (RFC 3986 section 5.2.4); `others` are what those see that leave
 * some of it as it stands. What decodes again to something else, is no UTF-8 or holds control characters is `unparsed`.
 */
export function readTarget(target: string): Target {
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const pairs = mark < 0 ? '' : target.slice(mark + 1);
  const query = readPairs(pairs);
  if (mark < 0 && PLAIN.test(raw)) return { path: raw, others: [], query: query.pairs, other_query: undefined, unparsed: '' };
  const other_query = pairs.includes(';') ? readPairs(pairs.replaceAll(';', '&')).pairs : undefined;
  const decoded = decode(raw, 'latin1');
  if (decoded === undefined)
    return { path: raw, others: [], query: query.pairs, other_query, unparsed: 'the path has an escape that is none' };
  let unparsed = query.broken ? 'the query has an escape that is none' : '';
  if (CONTROL.test(decoded)) unparsed = 'the path has a control character';
  else if (ESCAPE.test(decoded)) unparsed = 'the path is encoded twice';
  else if (raw.includes('#')) unparsed = 'the path has a fragment';
  const path = normalise(decoded, FURTHEST);
  return { path, others: othersOf(raw).filter((other) => other !== path), query: query.pairs, other_query, unparsed };
}

export function hasNoPairs(query: Record<string, string[]>): boolean {
  for (const _name in query) return false;
  return true;
}

/** Nothing in it that anybody reads otherwise: no escape, no parameter, no empty segment and none that begins with a dot. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)+\/?$/;

/** What a reader takes for a separator, and whether it leaves parameters of a segment out. */
interface Taste {
  slash: boolean;
  backslash: boolean;
  parameters: boolean;
  /** empty segments go before .. is resolved: else .. takes an empty one back */
  merged: boolean;
}

const FURTHEST: Taste = { slash: true, backslash: true, parameters: true, merged: true };

/** Escapes of separators, kept as they stand by a reader that does not take them for separators. */
const KEPT = { slash: /%2f/gi, backslash: /%5c|\\/gi };

function othersOf(raw: string): string[] {
  const choices = (applies: boolean): boolean[] => (applies ? [true, false] : [true]);
  const found = new Set<string>();
  for (const slash of choices(/%2f/i.test(raw)))
    for (const backslash of choices(/%5c|\\/i.test(raw)))
      for (const parameters of choices(/;|%3b/i.test(raw))) {
        let text = raw;
        if (!slash) text = text.replace(KEPT.slash, '%252F');
        if (!backslash) text = text.replace(KEPT.backslash, '%255C');
        const decoded = decode(text, 'latin1');
        if (decoded === undefined) continue;
        for (const merged of choices(/[/\\](;[^/\\]*)?[/\\]/.test(decoded) && decoded.includes('..')))
          found.add(normalise(decoded, { slash, backslash, parameters, merged }));
      }
  return [...found];
}

const ESCAPE = /%[0-9a-fA-F]{2}/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** Percent escapes undone once, as UTF-8; undefined when they are none. `latin1`: the text has one character for each byte. */
function decode(text: string, form: 'latin1' | 'utf8'): string | undefined {
  // Envoy gives the bytes of the request line, one character each.
  const utf8 = form === 'latin1' ? Buffer.from(text, 'latin1').toString('utf8') : text;
  if (form === 'latin1' && utf8.includes('\ufffd')) return undefined;
  if (!utf8.includes('%')) return utf8;
  try {
    return decodeURIComponent(utf8);
  } catch {
    return undefined;
  }
}

function normalise(path: string, taste: Taste): string {
  const out: string[] = [];
  // What stands before the first slash is nothing.
  const segments = (taste.backslash ? path.replaceAll('\\', '/') : path).split('/').slice(path.startsWith('/') ? 1 : 0);
  for (const segment of segments) {
    // Matrix parameters are no part of the name that servers look for.
    const semicolon = taste.parameters ? segment.indexOf(';') : -1;
    const name = semicolon < 0 ? segment : segment.slice(0, semicolon);
    if (name === '..') out.pop();
    else if (name !== '.' && (name !== '' || !taste.merged)) out.push(name);
  }
  const last = segments[segments.length - 1]!;
  const named = out.filter((name) => name !== '');
  const slash = named.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : '';
  return `/${named.join('/')}${slash}`;
}

/** Names and values of a query or a form (WHATWG URL, application/x-www-form-urlencoded). */
export function readPairs(text: string, form: 'latin1' | 'utf8' = 'latin1'): { pairs: Record<string, string[]>; broken: boolean } {
  const pairs = Object.create(null) as Record<string, string[]>;
  let broken = false;
  if (text === '') return { pairs, broken };
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const sign = pair.indexOf('=');
    const [name, value] = [sign < 0 ? pair : pair.slice(0, sign), sign < 0 ? '' : pair.slice(sign + 1)].map((part) => {
      const plain = part.replaceAll('+', ' ');
      const decoded = decode(plain, form);
      if (decoded === undefined) broken = true;
      return decoded ?? plain;
    }) as [string, string];
    pairs[name] ??= [];
    pairs[name].push(value);
  }
  return { pairs, broken };
}
