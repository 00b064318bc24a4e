import { createHash } from 'node:crypto';
import { digestOf, shapeOf } from '../approval/life.js';
import { ownMarks } from '../approval/own.js';
import type { HeldOperation } from '../approval/types.js';
import { plainTerms } from '../policy/approval-terms.js';
import type { Decision, Identity } from '../policy/types.js';
import { shownIdentity } from '../record/shown-identity.js';
import type { ExchangeOptions, HttpRules } from './exchange-options.js';
import { REQUEST, type RequestText } from './request-text.js';

/** Names of one request for logs and traces. Envoy gives each a new `x-request-id`, so with them no request would be the same as one before it. */
const OF_ONE_REQUEST = new Set(['x-request-id', 'traceparent', 'tracestate']);

/** What a person is asked about: the request as it is shown, bound to its very bytes. */
export function operationOf(what: {
  session: ExchangeOptions;
  rules: HttpRules;
  identity: Identity;
  text: RequestText;
  /** raw */
  headers: Readonly<Record<string, string>>;
  /** raw and whole */
  body: Buffer;
  decision: Decision;
  /** the same for bodies that differ only in what names one request, as OF_ONE_REQUEST; undefined: the body itself says it */
  unnumbered: string | undefined;
}): HeldOperation {
  const { session, rules, identity, text, decision } = what;
  const { resource } = session;
  const policy_version = rules.policy.version;
  const terms = decision.approval ?? plainTerms;
  const bound = { identity, resource, database: '', user: '', policy_version };
  // A higher number may be a longer one.
  const counted = (name: string) => !OF_ONE_REQUEST.has(name) && !(what.unnumbered !== undefined && name === 'content-length');
  const headers = JSON.stringify(Object.entries(what.headers).filter(([name]) => counted(name)));
  const same = createHash('sha256').update(what.unnumbered ?? what.body);
  const now = session.now();
  const hold = session.newId();
  return {
    hold,
    session: session.id,
    request: REQUEST,
    identity: shownIdentity(identity, rules),
    resource,
    database: '',
    user: '',
    own: ownMarks(hold, identity, ''),
    text: text.shown(),
    params: [],
    fingerprint: text.fingerprint,
    rule: decision.rule,
    message: decision.message,
    policy_version,
    terms,
    digest: digestOf({ ...bound, text: text.line, params: [headers, same.digest('hex')] }),
    shape: shapeOf({ ...bound, fingerprint: text.fingerprint, rule: decision.rule }),
    created_ms: now,
    expires_ms: now + terms.wait_ms,
  };
}
