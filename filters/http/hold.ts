import { createHash } from 'node:crypto';
import { digestOf, shapeOf } from '../approval/life.js';
import { ownMarks } from '../approval/own.js';
import type { HeldOperation } from '../approval/types.js';
import { plainTerms } from '../policy/approval-terms.js';
import type { Decision, Identity } from '../policy/types.js';
import { shownIdentity } from '../record/shown-identity.js';
import type { ExchangeOptions, HttpRules } from './exchange.js';
import { REQUEST, type RequestText } from './request-text.js';

/** What a person is asked about: the request as it is shown, bound to its very bytes. */
export function operationOf(what: {
  session: ExchangeOptions;
  rules: HttpRules;
  identity: Identity;
  text: RequestText;
  /** raw, in one text */
  headers: string;
  /** raw and whole */
  body: Buffer;
  decision: Decision;
}): HeldOperation {
  const { session, rules, identity, text, decision } = what;
  const { resource } = session;
  const policy_version = rules.policy.version;
  const terms = decision.approval ?? plainTerms;
  const bound = { identity, resource, database: '', user: '', policy_version };
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
    digest: digestOf({ ...bound, text: text.line, params: [what.headers, createHash('sha256').update(what.body).digest('hex')] }),
    shape: shapeOf({ ...bound, fingerprint: text.fingerprint, rule: decision.rule }),
    created_ms: now,
    expires_ms: now + terms.wait_ms,
  };
}
