/** Schemes whose authority is a name of this machine or nothing (RFC 8089). */
const FILE = /^file:\/*(?:localhost(?=\/))?\/*/i;

/** A file with a host in its name; the path behind it. */
const HOSTED = /^file:\/\/[^/]+\/+(.*)$/is;

/** Schemes whose authority is a host; that of others is a name of the server's own. */
const HOSTS = /^(https?|wss?|ftp|sftp|ssh|git)$/i;

/**
 * What a URI of a resource may be to somebody else (RFC 3986 section 6.2): a scheme and a host in small letters, escapes undone, dot segments and empty
 * ones gone; of a file the path alone counts. Gives the forms that differ from the text, for a policy that judges them too.
 */
export function otherUris(uri: string): string[] {
  if (uri === '') return [];
  const found = new Set<string>();
  // What readers of URLs drop (WHATWG URL, "URL parsing").
  let text = uri.replace(/[\t\n\r]/g, '').trim();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const form = normal(text);
    found.add(form);
    if (form.startsWith('file:')) {
      found.add(form.replace(/[?#].*$/s, ''));
      // Python's urlsplit(uri).path leaves any host out.
      const hosted = HOSTED.exec(text.replaceAll('\\', '/'));
      if (hosted !== null) found.add(`file:///${path(hosted[1]!).replace(/[?#].*$/s, '')}`);
    }
    const decoded = undone(text);
    if (decoded === text) break;
    text = decoded;
  }
  found.delete(uri);
  return [...found];
}

/** How often escapes are undone. */
const ROUNDS_MAX = 3;

const undone = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));

function normal(text: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text.replaceAll('\\', '/')) ?? [];
  if (scheme === '') return text;
  if (/^file$/i.test(scheme)) return `file:///${path(text.replaceAll('\\', '/').replace(FILE, ''))}`;
  const [, authority = '', tail = ''] = /^\/\/([^/?#]*)(.*)$/s.exec(rest) ?? [];
  if (authority === '') return `${scheme.toLowerCase()}:${rest}`;
  const [, of = '', more = ''] = /^([^?#]*)(.*)$/s.exec(tail) ?? [];
  const host = HOSTS.test(scheme) ? authority.toLowerCase() : authority;
  return `${scheme.toLowerCase()}://${host}${of === '' ? '' : '/'}${path(of)}${more}`;
}

function path(text: string): string {
  const out: string[] = [];
  for (const segment of text.split('/')) {
    if (segment === '..') out.pop();
    else if (segment !== '.' && segment !== '') out.push(segment);
  }
  return out.join('/') + (/\/$/.test(text) && out.length > 0 ? '/' : '');
}
