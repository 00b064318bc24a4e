import { MARK } from './marks.js';

/**
 * What stands before the words of a policy or a webhook that refused a write, or failed on it (k8s.io/apiserver, pkg/admission/plugin: policy/validating,
 * webhook/errors and webhook/mutating). They see the whole object, what is stored of it included, and say what they like; an internal error may quote
 * what they said.
 */
const WORDS =
  /\bdenied (?:the )?request: |^(?:Internal error occurred: )?failed calling webhook "[\w.-]{1,253}": |^Internal error occurred: /;

/** How a call of a webhook ends that reached nobody: words of the API server alone, and the cluster's owner needs them. */
const ENDING = /: (?:connect: connection refused|context deadline exceeded|no such host|EOF)$/;

/** Reasons of a Status (metav1.StatusReason). A webhook may give another, and then it is its word. */
const REASONS = new Set(
  (
    'Unauthorized Forbidden NotFound AlreadyExists Conflict Gone Invalid ServerTimeout StoreReadError Timeout TooManyRequests BadRequest ' +
    'MethodNotAllowed NotAcceptable RequestEntityTooLarge UnsupportedMediaType InternalError Expired ServiceUnavailable'
  ).split(' '),
);

/** Where those words begin and end, UTF-16 units; undefined where nobody speaks so. */
export function admissionWords(text: string): { start: number; end: number } | undefined {
  const found = WORDS.exec(text);
  if (found === null) return undefined;
  const start = found.index + found[0].length;
  return { start, end: Math.max(start, text.length - (ENDING.exec(text)?.[0].length ?? 0)) };
}

/** Of a Status in which admission speaks: whether a text outside of its message is the API server's own. `said`: its message up to their words. */
export function ownWord(name: string, text: string, said: string): boolean {
  if (name === 'reason') return REASONS.has(text);
  if (name === 'status' || name === 'apiVersion') return text === 'Failure' || text === 'v1';
  if (name === 'kind' && text === 'Status') return true;
  return text === '' || said.split(/[\s"]+/).includes(text);
}

/** What the API server itself warns of names fields, and quotes no value (strict field validation). */
const OWN_WARNING = /^\d{3} \S{1,64} "(?:unknown|duplicate) field \\"[\w.[\]/-]{1,256}\\""$/;
/** A policy's warning, up to its own words. */
const POLICY_WARNING =
  /^(\d{3} \S{1,64} "Validation failed for ValidatingAdmissionPolicy '[a-z0-9.-]{1,253}' with binding '[a-z0-9.-]{1,253}': )/;

/**
 * A header of an answer about an object that is covered: warnings (RFC 7234 section 5.5) are told by webhooks and policies, which see the object. Their
 * own words are covered; undefined where there is nothing to cover.
 */
export function coveredWarning([name, value]: readonly [name: string, value: string]): string | undefined {
  if (name !== 'warning' || OWN_WARNING.test(value)) return undefined;
  return `${POLICY_WARNING.exec(value)?.[1] ?? '299 - "'}${MARK}"`;
}
