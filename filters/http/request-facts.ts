import { Memo } from '../memo.js';
import type { Identity } from '../policy/types.js';
import { mediaType } from './body.js';
import type { Header } from './effects.js';
import type { HttpFacts } from './facts.js';
import { hasNoPairs, readTarget, type Target } from './path.js';
import { opaqueUpgrade, upgradeOf } from './upgrade/facts.js';

/** What the headers of a request say, with what others make of its path and query; its body is not read yet. */
export interface RequestHead {
  facts: HttpFacts;
  /** paths and queries that other readers see */
  paths: string[];
  queries: Record<string, string[]>[];
  /** raw, for reading the body */
  content_type: string;
  content_encoding: string;
}

export function headOf(headers: readonly Header[]): RequestHead {
  const { all, pseudo, repeated } = collect(headers);
  const target = pseudo[':path'] ?? '/';
  const { path, others, query, other_query, unparsed } = readTarget(target);
  const { overrides, broken } = overridesOf(all, [query, ...(other_query === undefined ? [] : [other_query])]);
  const authority = (pseudo[':authority'] ?? '').toLowerCase();
  const host = AUTHORITY.exec(authority)?.[1];
  const why =
    unparsed ||
    (repeated !== '' ? `the header ${repeated} stands twice` : host === undefined ? 'the host is no name and no address' : broken);
  const elsewhere = otherTargets(all);
  const method = (pseudo[':method'] ?? '').toUpperCase();
  const upgrade = upgradeOf(all);
  return {
    facts: {
      method,
      overrides: overrides.filter((one) => one !== method),
      // A dot at the end says that a name is whole, and is no part of it.
      host: (host ?? authority).replace(/(?<=[^.])\.$/, ''),
      path,
      target,
      query,
      headers: all,
      content_type: mediaType(all['content-type'] ?? ''),
      body: undefined,
      files: undefined,
      graphql: undefined,
      unreadable: '',
      unparsed: why || (elsewhere.find((one) => one.unparsed !== '')?.unparsed ?? ''),
      upgrade,
      opaque: opaqueUpgrade(upgrade, [path, ...others], all),
    },
    paths:
      others.length === 0 && elsewhere.length === 0
        ? []
        : [...new Set([...others, ...elsewhere.flatMap((one) => [one.path, ...one.others])])].filter((one) => one !== path),
    queries: other_query === undefined ? [] : [other_query],
    content_type: all['content-type'] ?? '',
    content_encoding: all['content-encoding'] ?? '',
  };
}

/**
 * A name or an address, and a port (RFC 3986 section 3.2.2, without what no name of a server has). Envoy joins two lines of Host by a comma, and
 * servers take the first or the last of them. A request may name none.
 */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]*|[a-z0-9._\u0080-\uffff-]+)(?::\d{1,5})?$/;

/**
 * Headers by name. Servers with a CGI inside take `x_tenant` for `x-tenant` (RFC 3875 section 4.1.18), so it stands under both names; one that
 * is there in both spellings is two headers of one name.
 */
function collect(headers: readonly Header[]): { all: Record<string, string>; pseudo: Record<string, string>; repeated: string } {
  const all = Object.create(null) as Record<string, string>;
  const pseudo = Object.create(null) as Record<string, string>;
  let repeated = '';
  const put = (name: string, text: string): void => {
    if (name in all && ONCE.has(name)) repeated = name;
    all[name] = name in all ? `${all[name]}${name === 'cookie' ? '; ' : ', '}${text}` : text;
  };
  for (const [name, value] of headers) {
    const text = NOT_ASCII.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
    if (name.startsWith(':')) {
      if (name in pseudo) repeated = name;
      pseudo[name] = text;
      continue;
    }
    put(name, text);
    if (name.includes('_')) put(name.replaceAll('_', '-'), text);
  }
  return { all, pseudo, repeated };
}

const NOT_ASCII = /[^\0-\x7f]/;

/** Headers that readers take the first or the last of. */
const ONCE = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'authorization',
  'host',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
]);

/** Headers that some servers route by in place of the request's own target (IIS with URL Rewrite, Symfony, Zend: CVE-2018-14773). */
const TARGETS = ['x-original-url', 'x-rewrite-url'];

function otherTargets(headers: Record<string, string>): Target[] {
  if (!TARGETS.some((name) => name in headers)) return [];
  return TARGETS.filter((name) => name in headers).map((name) =>
    readTarget(Buffer.from(headers[name]!.replace(/^https?:\/\/[^/]*/i, ''), 'utf8').toString('latin1')),
  );
}

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Methods that a server may take this request for (Rack, Symfony, Express and others), in capitals. */
function overridesOf(headers: Record<string, string>, queries: Record<string, string[]>[]): { overrides: string[]; broken: string } {
  if (!OVERRIDES.some((name) => name in headers) && queries.every(hasNoPairs)) return { overrides: [], broken: '' };
  const given = [
    ...OVERRIDES.flatMap((name) => (headers[name] ?? '').split(',')),
    ...queries.flatMap((query) => [...(query['_method'] ?? []), ...OVERRIDES.flatMap((name) => query[name] ?? [])]),
  ];
  return readOverrides(given);
}

export function readOverrides(given: readonly string[]): { overrides: string[]; broken: string } {
  const names = new Set(given.map((one) => one.trim().toUpperCase()).filter((one) => one !== ''));
  const methods = [...names].filter((one) => /^[A-Z-]{1,32}$/.test(one)).slice(0, OVERRIDES_MAX);
  return { overrides: methods, broken: methods.length === names.size ? '' : 'it asks for a method that is none' };
}

/** Different methods that one request may ask for beside its own. */
const OVERRIDES_MAX = 4;

/** Requests of one connection come from one caller: what is kept beside an identity (its rules, its form for conditions) holds for all of them. */
const callers = new Memo<Identity>(500, 512);

/** Nothing proves who calls. */
export function claimed(facts: HttpFacts, source: string): Identity {
  const agent = facts.headers['user-agent'];
  return callers.get(`${source} ${agent === undefined ? '' : `+${agent}`}`, () => claimedBy(agent, source));
}

function claimedBy(agent: string | undefined, source: string): Identity {
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
