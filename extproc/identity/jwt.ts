import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { ageOf } from './age.js';
import { isName } from './names.js';
import type { IssuerConfig, RefusalClass, Verified } from './types.js';
import { WatchedFile } from './watched-file.js';

/** Longest token that is looked at, characters; those of Kubernetes have about 1,200, of OIDC providers up to 4,000. */
export const JWT_CHARACTERS_MAX = 16_384;

/** How often keys are fetched again, milliseconds: an issuer that takes one back is heard after that. */
const KEYS_REFRESH_MS = 300_000;
/** Between two fetches for keys that are not known, milliseconds: tokens with invented key ids must not become requests. */
const UNKNOWN_KEY_MS = 30_000;
const FETCH_MS_MAX = 5_000;

/** Signature algorithms that may be configured. None is symmetric: a public key must never be taken for a secret (RFC 8725, 3.1). */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** What Envoy's jwt_authn says of a token that it has verified. */
export interface EnvoyVerified {
  header: JWTHeaderParameters;
  payload: JWTPayload;
}

export interface JwtVerifier {
  /** never throws, and never holds the token in what it says */
  verify(token: string, source: string): Promise<Verified>;
  /**
   * Who it is whose token Envoy's jwt_authn has verified. Envoy takes every algorithm that there is, and keeps keys for as long as their address is
   * away: algorithm and key are looked at here, too. Never throws
   */
  accept(envoys: EnvoyVerified, source: string): Promise<Verified>;
  close(): void;
}

/** Verifies signed tokens (RFC 7519, RFC 8725) of the issuers that the configuration names. */
export function createJwtVerifier(issuers: readonly IssuerConfig[], log: { warn(fields: object, message: string): void }): JwtVerifier {
  const known = new Map(issuers.map((issuer) => [issuer.issuer, { issuer, keys: keysOf(issuer, log) }]));
  const answer = async (issuer: IssuerConfig, source: string, verify: () => Promise<Checked>): Promise<Verified> => {
    try {
      const { payload, protectedHeader } = await verify();
      return isForLogins(protectedHeader.typ)
        ? identityOf(payload, issuer, source)
        : refused('the token is of a kind that nobody logs in with');
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === unavailable) log.warn({ issuer: issuer.issuer, error: describe(error) }, 'the keys of an issuer can’t be had');
      return reason === unavailable ? { ok: false, reason, unavailable: true } : refused(reason);
    }
  };
  return {
    verify: async (token, source) => {
      if (token.length > JWT_CHARACTERS_MAX) return refused('the token is too long');
      let claimed: JWTPayload;
      try {
        claimed = decodeJwt(token);
      } catch {
        return refused('the token is malformed');
      }
      const found = typeof claimed.iss === 'string' ? known.get(claimed.iss) : undefined;
      if (found === undefined) return refused('the token’s issuer is not known here');
      return await answer(found.issuer, source, async () => {
        const options = {
          issuer: found.issuer.issuer,
          audience: found.issuer.audiences,
          algorithms: found.issuer.algorithms,
          clockTolerance: found.issuer.clock_tolerance_s,
          requiredClaims: ['exp', found.issuer.id_claim],
        };
        return await verifyByAny(token, found.keys.get, options);
      });
    },
    accept: async ({ header, payload }, source) => {
      const found = typeof payload.iss === 'string' ? known.get(payload.iss) : undefined;
      if (found === undefined) return refused('the token’s issuer is not known here');
      // What has to be understood is not (RFC 7515, 4.1.11), and Envoy does not look.
      if (header.crit !== undefined || !found.issuer.algorithms.includes(String(header.alg)))
        return refused('the token’s algorithm is not taken');
      // Letter by letter: Envoy takes `https://midstream/` for `midstream`.
      if (![payload.aud].flat().some((one) => found.issuer.audiences.includes(String(one))))
        return refused('the token is for somebody else');
      return await answer(found.issuer, source, async () => {
        try {
          await found.keys.get(header, { payload: '', signature: '' });
        } catch (error) {
          // One of several it is; Envoy has found which.
          if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
        }
        return { payload, protectedHeader: header };
      });
    },
    close: () => {
      for (const { keys } of known.values()) keys.close();
    },
  };
}

const refused = (reason: RefusalClass): Verified => ({ ok: false, reason });
const unavailable: RefusalClass = 'the keys of the token’s issuer can’t be had';
const describe = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

type Checked = Pick<JWTVerifyResult, 'payload' | 'protectedHeader'>;

/** Tokens that say that they are for something else: of a log-out, of an event, of a key (RFC 8725, 3.11). Those of access say so, too (RFC 9068). */
const isForLogins = (typ: unknown): boolean => typeof typ !== 'string' || !/\+jwt$/i.test(typ) || /(^|[/-])at\+jwt$/i.test(typ);

function identityOf(payload: JWTPayload, { kind, id_claim, groups_claim, issuer }: IssuerConfig, source: string): Verified {
  const id = payload[id_claim];
  if (typeof id !== 'string' || id === '') return refused('the token says nothing of its end or its owner');
  if (!isName(id)) return refused('the token’s owner has no name that can be used');
  return {
    ok: true,
    identity: {
      id,
      kind,
      issuer,
      groups: groupsOf(payload[groups_claim]),
      claims: { ...payload },
      source,
      proof: 'jwt',
      age_s: ageOf(payload.iat),
    },
    expires_s: payload.exp,
  };
}

function groupsOf(claim: unknown): string[] {
  const list = typeof claim === 'string' ? claim.split(/\s+/) : Array.isArray(claim) ? claim : [];
  return list.filter(isName);
}

/** Several keys may have made a token that does not name one, as while keys are rotated: any of them will do. */
async function verifyByAny(token: string, get: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<Checked> {
  try {
    return await jwtVerify(token, get, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (wrong) {
        if (!(wrong instanceof errors.JWSSignatureVerificationFailed)) throw wrong;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function reasonOf(error: unknown): RefusalClass {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'the token is for somebody else';
    if (error.claim === 'iss') return 'the token’s issuer is not known here';
    if (error.claim === 'nbf' || error.claim === 'iat') return 'the token is not valid yet';
    return 'the token says nothing of its end or its owner';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'the token’s signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token’s key is not known';
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) return 'the token’s algorithm is not taken';
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return 'the token is malformed';
  return unavailable;
}

interface Keys {
  get: JWTVerifyGetKey;
  close(): void;
}

function keysOf({ keys, keys_ms_max, issuer }: IssuerConfig, log: { warn(fields: object, message: string): void }): Keys {
  if ('file' in keys) {
    const file = new WatchedFile(keys.file, (text) => createLocalJWKSet(JSON.parse(text)));
    return { get: async (header, token) => (await file.value())(header, token), close: () => undefined };
  }
  const set = createRemoteJWKSet(new URL(keys.url), {
    cacheMaxAge: keys_ms_max,
    cooldownDuration: Math.min(UNKNOWN_KEY_MS, keys_ms_max),
    timeoutDuration: FETCH_MS_MAX,
  });
  // Keys in use are fetched again in the background; when that fails they stay until they are too old.
  const refresh = setInterval(
    () => {
      if (set.jwks() === undefined) return;
      set
        .reload()
        .catch((error: unknown) => log.warn({ issuer, error: describe(error) }, 'the keys of an issuer could not be fetched again'));
    },
    Math.min(KEYS_REFRESH_MS, keys_ms_max / 2),
  ).unref();
  return { get: set, close: () => clearInterval(refresh) };
}
