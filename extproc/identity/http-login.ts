import { allowInsecureRequests, Configuration, clientCredentialsGrant } from 'openid-client';
import { MidstreamError } from '../../filters/errors.js';
import type { Header } from '../../filters/http/effects.js';
import type { ExchangeOptions } from '../../filters/http/exchange.js';
import type { Identity } from '../../filters/policy/types.js';
import { type SecretSource, secretOf } from './credentials.js';
import type { Identities, Log } from './index.js';
import type { EnvoyVerified } from './jwt.js';
import type { Verified } from './types.js';

/** How the gateway shows itself to an HTTP server, in place of the agent's own credential. */
export type HttpCredential =
  | { as: 'bearer'; secret: SecretSource }
  | { as: 'basic'; user: string; secret: SecretSource }
  | { as: 'header'; header: string; secret: SecretSource }
  /** OAuth 2.0 client credentials (RFC 6749, 4.4): a token that is kept until shortly before it ends */
  | { as: 'oauth'; token_url: string; client_id: string; secret: SecretSource; scopes: string[]; audience: string | undefined };

export interface HttpLogin {
  /** certificate: a proven one is enough; token: as bearer token in Authorization */
  methods: readonly ('certificate' | 'token')[];
  /** Envoy's jwt_authn verifies tokens, and what it forwards is believed; else the gateway verifies them */
  by_envoy: boolean;
  /** false: somebody without either goes on, and is what they claim */
  required: boolean;
  identities: Identities;
  log: Log;
}

/** Headers that go on, and what of them the agent must never see. */
export interface ShownCredential {
  set: Header[];
  append?: Header[];
  secrets: string[];
}

export type CredentialSource = (identity: Identity | undefined) => Promise<ShownCredential>;

/** Seconds before its end at which a token is asked for anew. */
const RENEW_S = 30;
/** How long a token without an end is kept, seconds. */
const TOKEN_S_DEFAULT = 300;

/** Throws MidstreamError unavailable when it can't be had. */
export function openHttpCredential(credential: HttpCredential, env: NodeJS.ProcessEnv = process.env): CredentialSource {
  const secret = secretOf(credential.secret, env);
  if (credential.as === 'oauth') return oauth(credential, secret);
  return async () => {
    const { role, password } = await secret();
    if (credential.as === 'bearer') return { set: [['authorization', `Bearer ${password.text}`]], secrets: [password.text] };
    if (credential.as === 'header') return { set: [[credential.header, password.text]], secrets: [password.text] };
    const basic = Buffer.from(`${role ?? credential.user}:${password.text}`).toString('base64');
    return { set: [['authorization', `Basic ${basic}`]], secrets: [basic, password.text] };
  };
}

/**
 * Towards a Kubernetes API: the gateway's own credential may impersonate, and acts for whoever was proven ("User impersonation" in the Kubernetes
 * documentation), so that roles and the audit log of the cluster see the agent.
 */
export const asCaller: CredentialSource = (identity) => {
  if (identity === undefined || identity.proof === 'claimed')
    return Promise.reject(new MidstreamError('unauthenticated', 'nobody is proven who could be acted for'));
  return Promise.resolve({
    set: [['impersonate-user', identity.id]],
    append: identity.groups.map((group): Header => ['impersonate-group', group]),
    secrets: [],
  });
};

function oauth(
  { token_url, client_id, scopes, audience }: Extract<HttpCredential, { as: 'oauth' }>,
  secret: ReturnType<typeof secretOf>,
): CredentialSource {
  let known: { token: string; until_ms: number; renew_ms: number } | undefined;
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    try {
      const { role, password } = await secret();
      const url = new URL(token_url);
      const server = { issuer: url.origin, token_endpoint: token_url };
      const config = new Configuration(server, role ?? client_id, password.text);
      if (url.protocol === 'http:') allowInsecureRequests(config);
      const answer = await clientCredentialsGrant(config, {
        ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}),
        ...(audience === undefined ? {} : { audience }),
      });
      const lives_ms = (answer.expires_in ?? TOKEN_S_DEFAULT) * 1000;
      const now = performance.now();
      known = { token: answer.access_token, until_ms: now + lives_ms, renew_ms: now + Math.max(lives_ms - RENEW_S * 1000, lives_ms / 2) };
    } catch (cause) {
      throw new MidstreamError('unavailable', 'the token for the server can’t be had', { cause });
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    const now = performance.now();
    if (known === undefined || now >= known.renew_ms) {
      asking ??= ask();
      // An old one that is still good serves while a new one is asked for.
      if (known === undefined || now >= known.until_ms) await asking;
      else asking.catch(() => undefined);
    }
    return { set: [['authorization', `Bearer ${known!.token}`]], secrets: [known!.token] };
  };
}

/** Whose the request is, and with what it goes on. `unauthenticated` and `unavailable` are what the agent reads. */
export type HttpPeer = Pick<ExchangeOptions['peer'], 'identity' | 'source' | 'tls' | 'mayReach'> &
  Pick<ExchangeOptions['peer'], 'unauthenticated' | 'unavailable' | 'credential'>;

/**
 * Finds out who asks, before anything of the request is read. `verified` is what Envoy's jwt_authn has found already, where the operator
 * trusts it to. Never throws.
 */
export async function identify(
  login: HttpLogin | undefined,
  credential: CredentialSource | undefined,
  headers: readonly Header[],
  peer: HttpPeer,
  verified: EnvoyVerified | undefined,
): Promise<HttpPeer> {
  const known = login === undefined ? peer : await whose(login, headers, peer, verified);
  if (known.unauthenticated !== undefined || known.unavailable !== undefined) return known;
  const remove = login === undefined ? [] : ['authorization', 'proxy-authorization'];
  if (credential === undefined) return remove.length === 0 ? known : { ...known, credential: { set: [], remove, secrets: [] } };
  try {
    const { set, append = [], secrets } = await credential(known.identity);
    return { ...known, credential: { set, append, remove: remove.filter((name) => !set.some(([one]) => one === name)), secrets } };
  } catch (error) {
    login?.log.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'the credential for a server can’t be had');
    return { ...known, unavailable: 'The gateway has no credential for the server now.' };
  }
}

async function whose(login: HttpLogin, headers: readonly Header[], peer: HttpPeer, verified: EnvoyVerified | undefined): Promise<HttpPeer> {
  const { identities, methods } = login;
  if (login.by_envoy && verified !== undefined) return letIn(login, peer, await identities.accept(verified, peer.source));
  const known = methods.includes('certificate') ? peer.identity : undefined;
  if (known !== undefined)
    return identities.revoked(known.id) ? { ...peer, unauthenticated: 'the identity was revoked' } : { ...peer, identity: known };
  const presented = headers.filter(([name]) => name === 'authorization').map(([, value]) => value);
  // Envoy takes the tokens that it has verified out of requests; one that is still there is none of them.
  const token = presented.length === 1 && !login.by_envoy ? /^bearer +([a-z0-9\-._~+/]+=*)$/i.exec(presented[0]!.trim())?.[1] : undefined;
  if (!methods.includes('token') || token === undefined) {
    if (!login.required && presented.length === 0) return { ...peer, identity: undefined };
    return {
      ...peer,
      identity: undefined,
      unauthenticated: presented.length > 0 ? 'no bearer token that could be one' : 'nobody said who they are',
    };
  }
  return letIn(login, peer, await identities.verify(token, peer.source));
}

function letIn({ log }: HttpLogin, peer: HttpPeer, answer: Verified): HttpPeer {
  if (answer.ok) return { ...peer, identity: answer.identity };
  log.info({ reason: answer.reason }, 'an agent was not let in');
  if (answer.unavailable === true) return { ...peer, identity: undefined, unavailable: 'The keys of the token’s issuer can’t be had.' };
  return { ...peer, identity: undefined, unauthenticated: answer.reason };
}
