import { Memo } from '../memo.js';
import type { RecordingMaskers } from '../record/shown-identity.js';

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

/**
 * A header as recordings have it: nothing of a credential, in requests and in answers, whatever a policy masks; a value that its name makes one, and a name
 * that is one, masked like other text.
 */
export function shownHeader(
  name: string,
  value: string,
  { maskText }: Pick<RecordingMaskers, 'maskText'>,
): readonly [name: string, value: string] {
  // Nobody keeps a credential.
  if (value !== '' && (carriesCredential(name) || BEARER_SUBPROTOCOL.test(value))) return [maskText(name), CREDENTIAL];
  let known = lines.get(maskText);
  if (known === undefined) {
    known = new Memo(LINES_MAX, LINE_UNITS_MAX);
    lines.set(maskText, known);
  }
  return known.get(`${name}\n${value}`, () => [maskText(name), maskText(value)]);
}

/** Most lines come again with the next request: the agent's address, which begins with a digit, too. */
const lines = new WeakMap<RecordingMaskers['maskText'], Memo<readonly [name: string, value: string]>>();
const LINES_MAX = 500;
/** UTF-16 units of a name and a value */
const LINE_UNITS_MAX = 160;

/** The same names come with every request. */
const judged = new Memo<boolean>(500, 64);

const carriesCredential = (name: string): boolean => judged.get(name, judge);

function judge(name: string): boolean {
  const lower = name.toLowerCase();
  return !HARMLESS.has(lower) && (WORDS.test(lower) || KEYS.test(lower));
}
