import type { Identity } from '../policy/types.js';
import { mediaType } from './body.js';
import type { Header } from './effects.js';
import type { HttpFacts } from './facts.js';
import { readTarget } from './path.js';

/** What the headers of a request say; its body is not read yet. */
export function factsOf(headers: readonly Header[]): HttpFacts {
  const all = Object.create(null) as Record<string, string>;
  let repeated = '';
  for (const [name, value] of headers) {
    const text = Buffer.from(value, 'latin1').toString('utf8');
    if (name in all && ONCE.has(name)) repeated = name;
    all[name] = name in all ? `${all[name]}${name === 'cookie' ? '; ' : ', '}${text}` : text;
  }
  const target = all[':path'] ?? '/';
  const { path, query, unparsed } = readTarget(target);
  const authority = (all[':authority'] ?? '').toLowerCase();
  const { ':method': method = '', ...named } = all;
  for (const name of Object.keys(named)) if (name.startsWith(':')) delete named[name];
  return {
    method: method.toUpperCase(),
    host: authority.replace(/:\d+$/, ''),
    path,
    target,
    query,
    headers: named,
    content_type: mediaType(all['content-type'] ?? ''),
    body: undefined,
    unreadable: '',
    unparsed: unparsed || (repeated === '' ? '' : `the header ${repeated} stands twice`),
  };
}

/** Headers that readers take the first or the last of. */
const ONCE = new Set(['content-type', 'content-length', 'authorization', 'x-http-method-override']);

/** Nothing proves who calls. */
export function claimed(facts: HttpFacts, source: string): Identity {
  const agent = facts.headers['user-agent'];
  return {
    id: 'anonymous',
    kind: 'claimed',
    issuer: '',
    groups: [],
    claims: agent === undefined ? {} : { user_agent: agent },
    source,
    proof: 'claimed',
  };
}
