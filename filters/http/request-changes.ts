import { type Header, LENGTH_KEPT } from './effects.js';
import type { ExchangeOptions } from './exchange-options.js';
import type { HttpFacts } from './facts.js';

/** The body goes on as it is, so its length does. Packed and partial answers can't be read: where something is masked they are asked away. */
export function requestChanges(
  headers: HttpFacts['headers'],
  masked: boolean,
  more: { set: readonly Header[]; append?: readonly Header[]; remove: readonly string[] } = { set: [], remove: [] },
): { set?: Header[]; append?: readonly Header[]; remove?: string[] } {
  const { 'content-length': length } = headers;
  const set: Header[] = length === undefined ? [] : [[LENGTH_KEPT, length]];
  const remove = length === undefined && LENGTH_KEPT in headers ? [LENGTH_KEPT] : [];
  if (masked) {
    set.push(['accept-encoding', 'identity']);
    remove.push('range', 'if-range');
    if ('grpc-accept-encoding' in headers) set.push(['grpc-accept-encoding', 'identity']);
  }
  set.push(...more.set);
  remove.push(...more.remove);
  const { append = [] } = more;
  const changes: { set?: Header[]; append?: readonly Header[]; remove?: string[] } = {};
  if (set.length > 0) changes.set = set;
  if (append.length > 0) changes.append = append;
  if (remove.length > 0) changes.remove = remove;
  return changes;
}

/** Headers that take the place of what an agent said of itself. */
export interface OwnHeaders {
  set: Header[];
  append: Header[];
  remove: string[];
}

/** What goes to the server: what its protocol asks for, and the gateway's credential; what is set stays, whoever removes it. */
export function ownHeaders(
  kubernetes: { set: readonly Header[]; remove: readonly string[] } | undefined,
  credential: ExchangeOptions['peer']['credential'],
): OwnHeaders {
  if (kubernetes === undefined && credential === undefined) return { set: [], append: [], remove: [] };
  const set = [...(kubernetes?.set ?? []), ...(credential?.set ?? [])];
  const said = new Set(set.map(([name]) => name));
  return {
    set,
    append: [...(credential?.append ?? [])],
    remove: [...(kubernetes?.remove ?? []), ...(credential?.remove ?? [])].filter((name) => !said.has(name)),
  };
}
