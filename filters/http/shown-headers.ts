import { Memo } from '../memo.js';
import type { RecordingMaskers } from '../record/shown-identity.js';
import { isUuid } from '../uuid.js';
import { LineMemo } from './line-memo.js';

/** What stands in recordings in the place of a credential's value. */
const CREDENTIAL = '[credential]';

/** Words in names of headers that carry credentials. */
const WORDS =
  /(^|[-_])(x?auth|authorization|authentication(-info)?|token|jwt|secret|password|passwd|pwd|credentials?|cookie2?|session|sid|csrf|xsrf)([-_]|$)/;
const KEYS = /(^|[-_])(api-?key|access-?key|private-?key|subscription-key|functions-key|auth-?key)([-_]|$)|^(key|session-?id)$/;
/** They have such a word, and say how to show a credential, or ask for one. */
const HARMLESS = new Set(['www-authenticate', 'proxy-authenticate', 'access-control-allow-credentials', 'x-ratelimit-remaining-tokens']);

/** A token among the subprotocols of a WebSocket, as clients of Kubernetes may send it. */
const BEARER_SUBPROTOCOL = /base64url\.bearer\.authorization\.k8s\.io\./;

/** A header as recordings have it. */
export interface ShownLine {
  name: string;
  value: string;
  /** as a field of an object of JSON */
  field: string;
  /** as a list of JSON: its name and its value */
  pair: string;
}

/**
 * Nothing of a credential stands in recordings, in requests and in answers, whatever a policy masks; a value that its name makes one, and a name
 * that is one, are masked like other text.
 */
export function shownLine(name: string, value: string, { maskText }: Pick<RecordingMaskers, 'maskText'>): ShownLine {
  // Nobody keeps a credential.
  if (value !== '' && (carriesCredential(name) || BEARER_SUBPROTOCOL.test(value))) return lineOf(maskText(name), CREDENTIAL);
  // Ids of requests do not come again.
  if (isUuid(value)) return lineOf(maskText(name), maskText(value));
  let known = lines.get(maskText);
  if (known === undefined) {
    known = new LineMemo((one, its) => lineOf(maskText(one), maskText(its)));
    lines.set(maskText, known);
  }
  return known.get(name, value);
}

function lineOf(name: string, value: string): ShownLine {
  const [key, text] = [JSON.stringify(name), JSON.stringify(value)];
  return { name, value, field: `${key}:${text}`, pair: `[${key},${text}]` };
}

/** The same without its JSON. */
export function shownHeader(
  name: string,
  value: string,
  maskers: Pick<RecordingMaskers, 'maskText'>,
): readonly [name: string, value: string] {
  const line = shownLine(name, value, maskers);
  return [line.name, line.value];
}

/** Most lines come again with the next request: the agent's address, which begins with a digit, too. */
const lines = new WeakMap<RecordingMaskers['maskText'], LineMemo<ShownLine>>();

/** The same names come with every request. */
const judged = new Memo<boolean>(500, 64);

const carriesCredential = (name: string): boolean => judged.get(name, judge);

function judge(name: string): boolean {
  const lower = name.toLowerCase();
  return !HARMLESS.has(lower) && (WORDS.test(lower) || KEYS.test(lower));
}
