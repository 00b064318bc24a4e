import { MidstreamError } from '../../filters/errors.js';
import type { LoginOptions, LoginOutcome, LoginQuestion } from '../../filters/postgres/session/agent-login.js';
import type { SessionOptions } from '../../filters/postgres/session/options.js';
import type { Credentials } from './credentials.js';
import type { Identities, Log } from './index.js';

export type LoginMethod = 'certificate' | 'token' | 'scram';

/** How agents log in at one listener, and as whom the gateway goes on from there. */
export interface ListenerLogin {
  methods: readonly LoginMethod[];
  /** `tls`: a token is taken over TLS only; `any`: a mesh encrypts the way already, or the listener is local */
  cleartext: 'tls' | 'any';
  /** the way to the server is encrypted */
  upstream_encrypted: boolean;
  /** a session ends when the token that it began with does */
  ends_with_token: boolean;
  identities: Identities;
  credentials: Credentials;
  /** whether this identity may reach the listener at all (access rules); the address is without port. Undefined: there are no rules */
  mayReach?: (id: string, address: string) => boolean;
  log: Log;
}

export function loginOptions(login: ListenerLogin, peer: SessionOptions['peer']): LoginOptions {
  const { methods, identities } = login;
  const scram = methods.includes('scram');
  return {
    certificate: methods.includes('certificate'),
    token: methods.includes('token'),
    cleartext: login.cleartext === 'any' || peer.tls.tls_version !== undefined,
    scram: (user) => (scram ? identities.scram(user, peer.source) : undefined),
    prefersScram: (user) => scram && identities.hasScram(user),
  };
}

/** Answers what a session asks while an agent logs in. Never throws. */
export async function answerLogin(login: ListenerLogin, question: LoginQuestion, source: string, session: string): Promise<LoginOutcome> {
  const { identities, credentials, log } = login;
  const verified =
    question.identity === undefined
      ? await identities.verify(question.secret, source)
      : identities.revoked(question.identity.id)
        ? ({ ok: false, reason: 'the identity was revoked' } as const)
        : ({ ok: true, identity: question.identity, expires_s: undefined } as const);
  if (!verified.ok) {
    log.info({ session, reason: verified.reason }, 'an agent was not let in');
    if ('unavailable' in verified && verified.unavailable)
      return refusal('57P03', verified.reason, 'try again; an operator finds more in the gateway’s log');
    return refusal('28P01', verified.reason, 'the password must be a token that is valid here');
  }
  const { identity } = verified;
  if (login.mayReach?.(identity.id, source.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === false) {
    log.info({ session, reason: 'no access rule' }, 'an agent was not let in');
    return { ...refusal('28000', 'this identity may not reach this database', 'an operator can name it under access'), identity };
  }
  try {
    const found = await credentials.find(identity, question.database, question.user);
    if (found === undefined) {
      log.info({ session, reason: 'no login rule' }, 'an agent was not let in');
      return { ...refusal('28000', 'this identity may not log in to this database', 'an operator can add a rule under logins'), identity };
    }
    const ends =
      login.ends_with_token && verified.expires_s !== undefined ? { ends_ms: Math.max(0, verified.expires_s * 1000 - Date.now()) } : {};
    return { ok: true, identity, credential: { ...found, cleartext: login.upstream_encrypted }, ...ends };
  } catch (error) {
    const why = error instanceof MidstreamError ? error.message : 'unknown';
    log.warn({ session, error: why }, 'the credential for a server can’t be had');
    return {
      ...refusal('57P03', 'the gateway has no credential for the server now', 'try again; an operator finds more in the gateway’s log'),
      identity,
    };
  }
}

const refusal = (sqlstate: '28P01' | '28000' | '57P03', message: string, hint: string): LoginOutcome & { ok: false } => ({
  ok: false,
  identity: undefined,
  sqlstate,
  message,
  hint,
});
