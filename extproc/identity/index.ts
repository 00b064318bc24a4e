import { createHmac, randomBytes } from 'node:crypto';
import type { Identity } from '../../filters/policy/types.js';
import { makeVerifier, parseVerifier, type ScramVerifier } from '../../filters/postgres/auth/scram.js';
import { findToken, hasEnded } from '../console/tokens.js';
import { createJwtVerifier, type EnvoyVerified } from './jwt.js';
import { Revocations } from './revocations.js';
import { createTokenReview } from './token-review.js';
import type { IdentityConfig, Verified } from './types.js';

export interface Log {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** Who is calling: everything that tells an agent by what it shows. */
export interface Identities {
  /** a JWT, a service account's token or one of the gateway's own. Never throws; never says anything of the secret */
  verify(secret: string, source: string): Promise<Verified>;
  /** somebody whose token Envoy has verified */
  accept(envoys: EnvoyVerified, source: string): Promise<Verified>;
  /** for an agent that logs in by SCRAM; a user that there is not gets a verifier that nothing matches, so that nobody learns who there is */
  scram(user: string, source: string): { verifier: ScramVerifier; identity: Identity | undefined };
  hasScram(user: string): boolean;
  revoked(id: string): boolean;
  /** is told that identities were revoked, so that their open sessions end */
  onRevoked: (revoked: (id: string) => boolean) => void;
  close(): void;
}

export async function openIdentities(config: IdentityConfig, log: Log, now: () => number = Date.now): Promise<Identities> {
  const jwt = createJwtVerifier(config.issuers, log);
  const review = config.token_review && createTokenReview(config.token_review, now);
  const users = new Map(config.scram.map(({ user, groups, verifier }) => [user, { groups, verifier: parseVerifier(verifier)! }]));
  const unknownUsers = randomBytes(32);
  const identities: Identities = {
    verify: async (secret, source) => unrevoked(await verify(secret, source)),
    accept: async (envoys, source) => unrevoked(await jwt.accept(envoys, source)),
    scram: (user, source) => {
      const known = users.get(user);
      if (known === undefined || revocations.has(user)) return { verifier: nobodys(unknownUsers, user), identity: undefined };
      const { groups } = known;
      const identity: Identity = { id: user, kind: 'password', issuer: '', groups, claims: {}, source, proof: 'scram', age_s: 0 };
      return { verifier: known.verifier, identity };
    },
    hasScram: (user) => users.has(user),
    revoked: (id) => revocations.has(id),
    onRevoked: () => undefined,
    close: () => {
      jwt.close();
      revocations.close();
    },
  };
  const revocations = new Revocations(
    config.revoked_file,
    (revoked) => identities.onRevoked(revoked),
    (error) => log.warn({ error: error.message }, 'the list of revoked identities can’t be read; the last one stays in force'),
  );
  await revocations.start();

  const unrevoked = (answer: Verified): Verified =>
    answer.ok && revocations.has(answer.identity.id) ? { ok: false, reason: 'the identity was revoked' } : answer;

  async function verify(secret: string, source: string): Promise<Verified> {
    const token = findToken(config.tokens, secret);
    if (token !== undefined) {
      if (hasEnded(token, now())) return { ok: false, reason: 'the token has expired' };
      const identity: Identity = { id: token.id, kind: 'token', issuer: '', groups: token.groups, claims: {}, source, proof: 'token' };
      return { ok: true, identity, expires_s: token.expires === undefined ? undefined : Date.parse(token.expires) / 1000 };
    }
    if (secret.split('.').length !== 3) return { ok: false, reason: 'not a token that is known here' };
    const answer = await jwt.verify(secret, source);
    // A cluster's tokens may have keys that only its API knows.
    if (!answer.ok && review !== undefined && answer.reason === 'the token’s issuer is not known here') return await review(secret, source);
    return answer;
  }
  return identities;
}

/** The same for the same name, as a real one would be. */
function nobodys(key: Buffer, user: string): ScramVerifier {
  const mac = createHmac('sha256', key).update(user).digest();
  const salt = mac.subarray(0, 16);
  return { ...makeVerifier('', salt, 1), iterations: 4096, storedKey: createHmac('sha256', key).update(mac).digest() };
}
