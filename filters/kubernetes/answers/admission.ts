import { MARK } from './marks.js';

/**
 * What stands before the words of a policy or a webhook that refused a write (k8s.io/apiserver, pkg/admission/plugin: policy/validating and
 * webhook/errors). They see the whole object, what is stored of it included, and say what they like.
 */
const REFUSED = /\bdenied (?:the )?request: /;

/** Where those words begin, UTF-16 units; -1 where nobody speaks so. */
export function refusalWords(text: string): number {
  const found = REFUSED.exec(text);
  return found === null ? -1 : found.index + found[0].length;
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
