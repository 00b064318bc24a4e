import { MidstreamError } from '../errors.js';
import { headerForm } from './header-form.js';
import { joinedRules } from './joined-masks.js';
import { LineMemo } from './line-memo.js';
import type { BodyMask } from './masking.js';
import { maskUnwrapped } from './wrappings.js';

type Line = readonly [name: string, value: string];

/** What of a list of headers is another with all masks. */
export interface MaskedHeaders {
  changed: [name: string, value: string][];
  /** their names hold what a mask takes: nothing of them goes on */
  removed: string[];
}

/** Headers that are covered for what they are about, before any mask looks for values. */
export interface HeaderCover {
  rule: string;
  /** what stands in its place; undefined where nothing is to be covered */
  value(header: Line): string | undefined;
}

/** Envoy writes them itself, from what it knows of the connection and of the body's length. */
export const OF_THE_CONNECTION: ReadonlySet<string> = new Set([':status', 'content-length', 'transfer-encoding', 'connection', 'upgrade']);
const DATES = new Set(['date', 'expires', 'last-modified']);
/** IMF-fixdate (RFC 9110 section 5.6.7) */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The headers that are another with all masks; `fired` is told of each. A header that says how to read an answer is text of the server's like any
 * other. Throws MidstreamError where a body could not be read any more without what is masked.
 */
export function maskHeaders(masks: readonly BodyMask[], headers: readonly Line[], fired: (rule: string) => void): MaskedHeaders {
  const changed: [string, string][] = [];
  const removed: string[] = [];
  if (masks.length === 0) return { changed, removed };
  const known = memory(masks);
  for (const [name, value] of headers) {
    if (OF_THE_CONNECTION.has(name) || (DATES.has(name) && DATE.test(value))) continue;
    const line = known.get(name, value);
    for (const rule of line.fired) fired(rule);
    if (line.named) removed.push(name);
    else if (line.value !== value) changed.push([name, line.value]);
  }
  return { changed, removed };
}

export interface MaskedLine {
  value: string;
  /** rules, once for each time */
  fired: readonly string[];
  /** its name is what is masked */
  named: boolean;
}

/** One header, whatever its name. Throws MidstreamError for a Content-Type that can't be read any more without what is masked. */
export function maskLine(masks: readonly BodyMask[], name: string, value: string): MaskedLine {
  const fired: string[] = [];
  const rules = joinedRules(masks);
  const mask = (text: string, key: string): string => {
    const before = rules.counts;
    const bytes = Buffer.from(text, 'utf8');
    const masked = rules.maskWhole(bytes, 0, bytes.length, { name: key });
    if (masked === undefined) return text;
    fired.push(...rules.firedSince(before, masks));
    return masked.toString('utf8');
  };
  if (mask(name, '') !== name) return { value, fired, named: true };
  const form = headerForm(name);
  const before = form.read(value);
  const masked = maskUnwrapped(before, (text) => mask(text, name));
  if (masked === before) return { value, fired, named: false };
  if (name === 'content-type') return { value: maskedType(value, mask), fired, named: false };
  return { value: form.write(masked), fired, named: false };
}

/** The media type and what its body can't be read without; other parameters go. */
function maskedType(value: string, mask: (text: string, key: string) => string): string {
  const [essence = '', ...parameters] = value.split(';').map((part) => part.trim());
  const clean = (text: string): boolean => maskUnwrapped(text, (one) => mask(one, '')) === text;
  const kept = parameters.filter((one) => /^(charset|boundary)\s*=/i.test(one));
  if (!kept.every(clean)) throw new MidstreamError('bad_input', 'its type names a boundary or a charset that holds what is masked');
  return [clean(essence) ? essence : 'application/octet-stream', ...kept].join('; ');
}

/** Most headers come again with every answer. */
const memories = new WeakMap<readonly BodyMask[], LineMemo<MaskedLine>>();

function memory(masks: readonly BodyMask[]): LineMemo<MaskedLine> {
  let known = memories.get(masks);
  if (known === undefined) {
    known = new LineMemo((name, value) => maskLine(masks, name, value));
    memories.set(masks, known);
  }
  return known;
}
