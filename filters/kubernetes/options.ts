import type { HttpFacts } from '../http/facts.js';
import type { OptionFacts, RequestInfo } from './facts.js';
import { isSet } from './request-info.js';

const PATCHES: Record<string, OptionFacts['patch']> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+cbor': 'apply',
};

/** How a body of that type patches; empty where it is no patch. */
export const patchOf = (type: string): OptionFacts['patch'] => PATCHES[type] ?? '';

/** Subresources of which the API server keeps nothing in a dry run. What connects, and a token, is real all the same. */
const DRY = new Set(['', 'status', 'scale', 'eviction', 'finalize', 'approval', 'ephemeralcontainers', 'resize', 'binding']);
const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

const first = (values: readonly string[] | undefined): string => values?.[0] ?? '';
const allSay = (values: readonly unknown[]): boolean => values.length > 0 && values.every((one) => one === 'All');

/** What the query and the headers of a request say. `body` is that of a delete: where it has one, the server does not look at the query. */
export function optionFacts(info: RequestInfo, http: Pick<HttpFacts, 'headers' | 'content_type' | 'query'>, body: unknown): OptionFacts {
  const { query, headers } = http;
  const deletes = info.verb === 'delete' || info.verb === 'deletecollection';
  const options = deletes && typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
  // A body that was not read says nothing sure.
  const said = deletes && body === undefined ? [] : options === undefined ? (query['dryRun'] ?? []) : options['dryRun'];
  return {
    label_selector: first(query['labelSelector']),
    field_selector: first(query['fieldSelector']),
    dry_run: WRITES.has(info.verb) && DRY.has(info.subresource) && !info.connects && Array.isArray(said) && allSay(said),
    field_manager: first(query['fieldManager']),
    field_validation: first(query['fieldValidation']),
    force: isSet(query['force']),
    impersonates: impersonation(headers),
    content_type: http.content_type,
    patch: info.verb === 'patch' ? patchOf(http.content_type) : '',
    command: info.subresource === 'exec' ? (query['command'] ?? []) : [],
    container: first(query['container']),
    stdin: isSet(query['stdin']),
    tty: isSet(query['tty']),
  };
}

/** Headers by which a caller asks to be somebody else (authentication docs, "User impersonation"). */
function impersonation(headers: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'impersonate-user') found.push(`user:${value}`);
    else if (name === 'impersonate-group') for (const group of value.split(', ')) found.push(`group:${group}`);
    else if (name === 'impersonate-uid') found.push(`uid:${value}`);
    else if (name.startsWith('impersonate-extra-')) found.push(`extra:${name.slice('impersonate-extra-'.length)}`);
    else if (name.startsWith('impersonate-')) found.push(name.slice('impersonate-'.length));
  }
  return found;
}
