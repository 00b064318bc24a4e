import type { HttpFacts } from './facts.js';
import { readJson } from './json.js';
import { readPairs } from './path.js';

/** `application/json` of `application/JSON; charset=utf-8`. */
export function mediaType(value: string): string {
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

export const isJson = (type: string): boolean => type === 'application/json' || type === 'text/json' || type.endsWith('+json');

/** What a body says, for conditions. What its type hides but its first byte shows is read as the server might read it. */
export function readBody(type: string, bytes: Buffer): Pick<HttpFacts, 'body' | 'unreadable' | 'unparsed'> {
  if (bytes.length === 0) return { body: null, unreadable: '', unparsed: '' };
  if (isJson(type)) return json(bytes);
  if (type === 'application/x-www-form-urlencoded') {
    const { pairs, broken } = readPairs(bytes.toString('latin1'));
    return { body: pairs, unreadable: '', unparsed: broken ? 'the form has an escape that is none' : '' };
  }
  if (looksLikeJson(bytes)) return json(bytes);
  if (type === '' || type.startsWith('text/')) return { body: bytes.toString('utf8'), unreadable: '', unparsed: '' };
  return { body: undefined, unreadable: `a body of type ${type} is not read`, unparsed: '' };
}

function json(bytes: Buffer): Pick<HttpFacts, 'body' | 'unreadable' | 'unparsed'> {
  try {
    return { body: readJson(bytes), unreadable: '', unparsed: '' };
  } catch (error) {
    const why = `the body says that it is JSON, but ${(error as Error).message}`;
    return { body: undefined, unreadable: why, unparsed: why };
  }
}

function looksLikeJson(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length && bytes[at]! <= 0x20) at++;
  if (bytes[at] !== 0x7b && bytes[at] !== 0x5b) return false;
  try {
    readJson(bytes);
    return true;
  } catch {
    return false;
  }
}
