import { readPairs } from '../http/path.js';
import type { RequestInfo } from './facts.js';

/** Path and query of a request as Go's net/url reads them, and why somebody could read them in another way; empty when nobody can. */
export interface Target {
  path: string;
  query: Record<string, string[]>;
  unparsed: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x1f\x7f]/;

/** `target` has one character a byte, as it stands in the request line. */
export function readTarget(target: string): Target {
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const text = mark < 0 ? '' : target.slice(mark + 1);
  const { pairs, broken } = readPairs(text);
  const path = decodeOnce(raw);
  if (path === undefined) return { path: raw, query: pairs, unparsed: 'the path has an escape that is none' };
  let unparsed = '';
  if (broken) unparsed = 'the query has an escape that is none';
  // net/url leaves such a pair out, others take it.
  else if (text.includes(';')) unparsed = 'the query has a semicolon';
  if (CONTROL.test(path)) unparsed = 'the path has a control character';
  return { path, query: pairs, unparsed };
}

/** Percent escapes undone once; undefined when they are none, or not UTF-8. */
function decodeOnce(text: string): string | undefined {
  try {
    const plain = Buffer.from(text, 'latin1').toString('utf8');
    return plain.includes('\ufffd') ? undefined : decodeURIComponent(plain);
  } catch {
    return undefined;
  }
}

const VERBS: Record<string, string> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** Trimmed and cut at slashes: two in a row make an empty part. */
function splitPath(path: string): string[] {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? [] : trimmed.split('/');
}

/**
 * What the API server makes of method and path: NewRequestInfo in k8s.io/apiserver/pkg/endpoints/request, step by step, so that
 * `secrets%2fdb` is the Secret db and a watch by its old path is a watch. `unparsed` says where a path is none that it serves.
 */
export function requestInfo(method: string, { path, query, unparsed: before }: Target): { info: RequestInfo; unparsed: string } {
  const info: RequestInfo = {
    verb: method.toLowerCase(),
    path,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    discovery: false,
    connects: false,
    proxy_path: '',
  };
  const whole = splitPath(path);
  const api = whole[0] === 'api' || whole[0] === 'apis';
  const parts = whole.slice(whole[0] === 'apis' ? 2 : 1);
  if (!api || parts.length < 2) {
    const odd = before || strange(whole);
    info.discovery = odd === '' && (method === 'GET' || method === 'HEAD') && isDiscovery(whole);
    return { info, unparsed: odd };
  }
  if (whole[0] === 'apis') info.group = whole[1]!;
  info.version = parts.shift()!;
  if (parts[0] === 'proxy' || parts[0] === 'watch') {
    info.verb = parts.shift()!;
    if (parts.length === 0) return { info, unparsed: before || 'the path names no resource' };
  } else info.verb = VERBS[method] ?? '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1]!;
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2]!)) parts.splice(0, 2);
  }
  info.resource = parts[0]!;
  info.name = parts[1] ?? '';
  if (info.verb !== 'proxy') info.subresource = parts[2] ?? '';
  info.connects = info.verb === 'proxy' || CONNECTS.has(info.subresource);
  if (info.subresource === 'proxy') info.proxy_path = `/${parts.slice(3).join('/')}`;
  else if (info.verb === 'proxy') info.proxy_path = `/${parts.slice(2).join('/')}`;
  if (info.name === '' && info.verb === 'get') readList(info, query);
  if (info.name === '' && info.verb === 'delete') info.verb = 'deletecollection';
  // What stands behind a proxy's path is somebody else's; the rest must be parts that the API server's routes know.
  const own = info.connects ? whole.slice(0, whole.length - Math.max(0, splitPath(info.proxy_path).length)) : whole;
  return { info, unparsed: before || strange(own) || strange(splitPath(info.proxy_path).filter((part) => part !== '')) };
}

/** Parts that no route of the API server has, but that readers take away. */
function strange(parts: readonly string[]): string {
  if (parts.some((part) => part === '')) return 'the path has an empty part';
  return parts.some((part) => part === '.' || part === '..') ? 'the path has a dot segment' : '';
}

/** A get without a name is a list or a watch; a list of one name by its field is of that name (RBAC takes it so). */
function readList(info: RequestInfo, query: Record<string, string[]>): void {
  info.verb = isSet(query['watch']) ? 'watch' : 'list';
  const numbers = ['limit', 'timeoutSeconds'].map((name) => query[name]?.[0]);
  // One option that is no number, and the server forgets the selector.
  if (numbers.some((value) => value !== undefined && !/^[+-]?\d{1,18}$/.test(value))) return;
  const name = exactName(query['fieldSelector']?.[0] ?? '');
  if (name !== '' && name !== '.' && name !== '..' && !/[/%]/.test(name)) info.name = name;
}

/** An option as apimachinery reads it: there, and neither 0 nor false. */
export function isSet(values: readonly string[] | undefined): boolean {
  const first = values?.[0];
  return first !== undefined && first !== '0' && first.toLowerCase() !== 'false';
}

/** The value that a field selector asks of metadata.name, `\,` `\=` and `\\` undone (k8s.io/apimachinery/pkg/fields). */
function exactName(selector: string): string {
  for (const term of selector.match(/(?:\\.|[^,\\])+/g) ?? []) {
    const found = /^metadata\.name(?:==|=)((?:\\.|[^=!\\])*)$/.exec(term);
    if (found) return found[1]!.replace(/\\(.)/g, '$1');
  }
  return '';
}

const HEALTH = new Set(['healthz', 'livez', 'readyz']);

function isDiscovery(parts: readonly string[]): boolean {
  const [first = '', second = ''] = parts;
  if (parts.length === 0) return true;
  if (first === 'api') return parts.length <= 2;
  if (first === 'apis') return parts.length <= 3;
  if (first === 'openapi') return second === 'v2' || second === 'v3' || second === 'v1';
  if (first === '.well-known') return parts.length === 2 && second === 'openid-configuration';
  return (first === 'version' && parts.length === 1) || HEALTH.has(first);
}
