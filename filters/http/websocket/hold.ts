import { createHash } from 'node:crypto';
import { digestOf, shapeOf } from '../../approval/life.js';
import { ownMarks } from '../../approval/own.js';
import type { HeldOperation } from '../../approval/types.js';
import { plainTerms } from '../../policy/approval-terms.js';
import type { Decision } from '../../policy/types.js';
import { shownIdentity } from '../../record/shown-identity.js';
import type { TunnelContext } from '../upgrade/tunnel.js';

/** UTF-16 units that approvers are shown; what is longer can't be approved. */
export const SHOWN_UNITS_MAX = 65_536;

/** What a person is asked about: one message, or one line of a terminal, bound to its very bytes and to the request that opened the stream. */
export function streamOperation(
  context: TunnelContext,
  what: { request: string; bytes: Buffer; shown: string /** same shape, same value */; shape: string; decision: Decision },
): HeldOperation {
  const { identity, resource, session, text } = context;
  const rules = context.rules();
  const { decision, request, bytes } = what;
  const policy_version = rules.policy.version;
  const terms = decision.approval ?? plainTerms;
  const bound = { identity, resource, database: '', user: '', policy_version };
  const fingerprint = createHash('sha256').update(`${text.fingerprint}\0${what.shape}`).digest('hex').slice(0, 16);
  const now = context.now();
  const hold = context.newId();
  return {
    hold,
    session,
    request,
    identity: shownIdentity(identity, rules),
    resource,
    database: '',
    user: '',
    own: ownMarks(hold, identity, ''),
    text: `${text.shown()}\n\n${what.shown}`,
    params: [],
    fingerprint,
    rule: decision.rule,
    message: decision.message,
    policy_version,
    terms,
    digest: digestOf({ ...bound, text: text.line, params: [createHash('sha256').update(bytes).digest('hex')] }),
    shape: shapeOf({ ...bound, fingerprint, rule: decision.rule }),
    created_ms: now,
    expires_ms: now + terms.wait_ms,
  };
}

/** Levels of a message that its shape looks at. */
const LEVELS_MAX = 8;
/** Words that name what a message asks for, and are no value of anybody. */
const WORD = /^[A-Za-z_][A-Za-z_./:-]{0,40}$/;

/** The same for messages that differ in numbers and free text alone: keys, and strings that look like the name of an operation. */
export function shapeOfBody(body: unknown, levels = LEVELS_MAX): string {
  if (Array.isArray(body)) return levels === 0 ? '[]' : `[${[...new Set(body.map((one) => shapeOfBody(one, levels - 1)))].join()}]`;
  if (typeof body === 'object' && body !== null) {
    if (levels === 0) return '{}';
    const keys = Object.entries(body).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${keys.map(([key, value]) => `${JSON.stringify(key)}:${shapeOfBody(value, levels - 1)}`).join()}}`;
  }
  return typeof body === 'string' && WORD.test(body) ? JSON.stringify(body) : typeof body;
}
